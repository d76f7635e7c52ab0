import { ActionIcon, Alert, SegmentedControl, TextInput, Tooltip } from '@mantine/core';
import { useDebouncedValue, useLocalStorage } from '@mantine/hooks';
import {
  IconArrowBarToDown,
  IconChevronDown,
  IconChevronUp,
  IconClock,
  IconDownload,
  IconLetterCase,
  IconRegex,
  IconSearch,
  IconTextWrap,
} from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { KeyboardEvent, ReactNode } from 'react';
import { Virtuoso } from 'react-virtuoso';
import type { VirtuosoHandle } from 'react-virtuoso';

import { useFilter } from '../../../components/useFilter';
import { plain } from '../../../data/ansi';
import type { Run } from '../../../data/runs';
import { outputAddress, useOutput } from '../../../data/useOutput';
import type { LiveOutput } from '../../../data/useOutput';
import classes from './Log.module.css';
import { LogLine } from './LogLine';
import { useSearch } from './useSearch';
import type { Found } from './useSearch';

/** Shows the output of a run, live: it stays at the end unless one scrolls up, and finds texts in a million lines. */
export function LogPanel({ run, attempt }: { run: Run; attempt: number | null }) {
  const live = useOutput(run.id, attempt);
  const [text, setText] = useFilter('find');
  const [settled] = useDebouncedValue(text, 150);
  const [pattern, setPattern] = useFlag('pattern');
  const [exact, setExact] = useFlag('exact');
  const found = useSearch(live, { text: settled, pattern, exact });
  const [times, setTimes] = useLocalStorage({ key: 'segno-log-times', defaultValue: false });
  const [wrap, setWrap] = useLocalStorage({ key: 'segno-log-wrap', defaultValue: false });
  const [following, setFollowing] = useState(attempt === null);
  const [match, setMatch] = useState<number | null>(null);
  const [of, setOf] = useState(attempt);
  if (of !== attempt) {
    // What is over is read from its beginning, what goes on at its end.
    setOf(attempt);
    setFollowing(attempt === null);
  }
  const list = useRef<VirtuosoHandle>(null);
  const { output } = live;

  // The place among the matches is of one search.
  useEffect(() => setMatch(null), [settled, pattern, exact, output]);
  useEffect(() => {
    const first = found.lines[0];
    if (match !== null || first === undefined || settled === '') return;
    setFollowing(false);
    setMatch(0);
    scrollTo(list.current, first - output.dropped - 1);
  }, [match, found.lines, found.lines.length, settled, output]);

  const go = (by: number) => {
    const many = found.lines.length;
    if (many === 0) return;
    const next = ((match ?? 0) + by + many) % many;
    setMatch(next);
    setFollowing(false);
    scrollTo(list.current, (found.lines[next] ?? 1) - output.dropped - 1);
  };
  const toEnd = () => {
    setFollowing(true);
    list.current?.scrollToIndex({ index: 'LAST', align: 'end' });
  };
  const currentLine = match === null ? undefined : found.lines[match];
  return (
    <section aria-label="Output">
      <div className={classes.toolbar} role="group" aria-label="Output tools">
        <Attempts run={run} live={live} />
        <Finder text={text} setText={setText} found={found} match={match} go={go}>
          <Toggle
            label="Tell capital letters from small ones"
            on={exact}
            set={setExact}
            icon={<IconLetterCase size={15} />}
          />
          <Toggle
            label="Look for a regular expression"
            on={pattern}
            set={setPattern}
            icon={<IconRegex size={15} />}
          />
        </Finder>
        <span className={classes.count} role="status">
          {countOf(live)}
        </span>
        <div className={classes.tools}>
          <Toggle label="Show times" on={times} set={setTimes} icon={<IconClock size={16} />} />
          <Toggle label="Wrap long lines" on={wrap} set={setWrap} icon={<IconTextWrap size={16} />} />
          <Toggle
            label="Follow the end"
            on={following}
            set={(on) => (on ? toEnd() : setFollowing(false))}
            icon={<IconArrowBarToDown size={16} />}
          />
          {live.attempt > 0 && (
            <Tooltip label={`Download all output of attempt ${live.attempt}`}>
              <ActionIcon
                component="a"
                href={outputAddress(run.id, live.attempt)}
                download
                variant="subtle"
                color="gray"
                aria-label="Download"
              >
                <IconDownload size={16} />
              </ActionIcon>
            </Tooltip>
          )}
        </div>
      </div>
      {live.error !== null && (
        <Alert color="red" title="The output could not be read" m="sm">
          {live.error}
        </Alert>
      )}
      {output.length === 0 ? (
        <div className={classes.empty}>{emptyText(live, run)}</div>
      ) : (
        <div className={classes.room}>
          <Virtuoso
            // Another attempt begins at its own end.
            key={live.attempt}
            ref={list}
            className={classes.lines}
            tabIndex={0}
            aria-label="Lines of output"
            totalCount={output.length}
            {...(wrap ? {} : { fixedItemHeight: 19 })}
            initialTopMostItemIndex={following ? output.length - 1 : 0}
            followOutput={() => following}
            atBottomStateChange={(bottom) => {
              if (bottom) setFollowing(true);
            }}
            onWheel={(event) => {
              if (event.deltaY < 0) setFollowing(false);
            }}
            onKeyDown={(event) => {
              if (['ArrowUp', 'PageUp', 'Home'].includes(event.key)) setFollowing(false);
            }}
            onTouchMove={() => setFollowing(false)}
            increaseViewportBy={200}
            itemContent={(index) => {
              const line = output.line(output.dropped + index + 1);
              if (!line) return <div className={classes.line}> </div>;
              return (
                <LogLine
                  line={line}
                  times={times}
                  wrap={wrap}
                  marks={found.find?.(plain(line.text)) ?? []}
                  current={line.number === currentLine}
                />
              );
            }}
          />
        </div>
      )}
    </section>
  );
}

/** Something that is on or off, and stands in the address. */
function useFlag(name: string): [on: boolean, set: (on: boolean) => void] {
  const [value, set] = useFilter(name);
  return [value === 'true', (on) => set(on ? 'true' : '')];
}

function scrollTo(list: VirtuosoHandle | null, index: number) {
  list?.scrollToIndex({ index: Math.max(0, index), align: 'center' });
}

function Attempts({ run, live }: { run: Run; live: LiveOutput }) {
  const [, setAttempt] = useFilter('attempt');
  if (run.attempts.length < 2) return null;
  return (
    <SegmentedControl
      size="xs"
      aria-label="Attempt"
      value={String(live.attempt)}
      data={run.attempts.map((a) => ({ value: String(a.number), label: `attempt ${a.number}` }))}
      onChange={(value) => setAttempt(Number(value) === run.attempt ? '' : value)}
    />
  );
}

interface FinderProps {
  text: string;
  setText: (text: string) => void;
  found: Found;
  match: number | null;
  go: (by: number) => void;
  children: ReactNode;
}

function Finder({ text, setText, found, match, go, children }: FinderProps) {
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'Enter') go(event.shiftKey ? -1 : 1);
    if (event.key === 'Escape') setText('');
  };
  return (
    <>
      <TextInput
        size="xs"
        w={{ base: '100%', xs: 300 }}
        placeholder="Find in the output"
        aria-label="Find in the output"
        leftSection={<IconSearch size={14} aria-hidden />}
        rightSection={<div style={{ display: 'flex', gap: 2 }}>{children}</div>}
        rightSectionWidth={66}
        value={text}
        error={found.fault ?? false}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={keys}
      />
      {text !== '' && found.fault === null && (
        <>
          <span className={classes.count} role="status">
            {found.lines.length === 0
              ? found.complete
                ? 'not found'
                : 'looking…'
              : `${(match ?? 0) + 1} of ${found.lines.length}${found.complete ? '' : '+'} lines`}
          </span>
          <ActionIcon.Group>
            <ActionIcon size={24} variant="default" aria-label="Previous match" onClick={() => go(-1)}>
              <IconChevronUp size={14} />
            </ActionIcon>
            <ActionIcon size={24} variant="default" aria-label="Next match" onClick={() => go(1)}>
              <IconChevronDown size={14} />
            </ActionIcon>
          </ActionIcon.Group>
        </>
      )}
    </>
  );
}

function Toggle({
  label,
  on,
  set,
  icon,
}: {
  label: string;
  on: boolean;
  set: (on: boolean) => void;
  icon: ReactNode;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        size={24}
        variant={on ? 'light' : 'subtle'}
        color={on ? 'petrol' : 'gray'}
        aria-label={label}
        aria-pressed={on}
        onClick={() => set(!on)}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

const number = new Intl.NumberFormat();

function countOf({ output, ended }: LiveOutput): string {
  const lines = output.length === 1 ? '1 line' : `${number.format(output.length)} lines`;
  const kept = output.dropped > 0 ? `the last ${lines} of ${number.format(output.last)}` : lines;
  return `${kept} · ${ended ? 'complete' : 'live'}`;
}

function emptyText(live: LiveOutput, run: Run): string {
  if (live.ended) return 'The job wrote nothing.';
  if (run.attempt === 0) return 'No attempt has begun yet. Output shows here as soon as the job writes some.';
  return 'Nothing has been written yet.';
}
