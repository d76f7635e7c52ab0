import { Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { Answer } from '../../components/Answer';
import { instantTitle } from '../../components/instants';
import { Panel } from '../../components/Page';
import type { Tone } from '../../components/states';
import { toneColor } from '../../components/states';
import { summary } from '../../data/summary';
import type { Minute } from '../../data/summary';
import classes from './Overview.module.css';

const parts: { of: 'succeeded' | 'failed' | 'open'; tone: Tone; word: string }[] = [
  { of: 'succeeded', tone: 'ok', word: 'succeeded' },
  { of: 'open', tone: 'run', word: 'not ended' },
  { of: 'failed', tone: 'bad', word: 'ended otherwise' },
];

/** How many runs were asked for in each of the last minutes, and what became of them. */
export function RunsPerMinute() {
  const query = useQuery(summary);
  return (
    <Panel
      title="Runs per minute"
      actions={
        <Group gap="sm">
          {parts.map(({ of, tone, word }) => (
            <Group key={of} gap={5}>
              <span
                style={{ width: 9, height: 9, borderRadius: 2, background: toneColor(tone) }}
                aria-hidden
              />
              <Text size="xs" c="dimmed">
                {word}
              </Text>
            </Group>
          ))}
        </Group>
      }
    >
      <Answer query={query} what="The runs of the last minutes">
        {({ minutes }) => (
          <>
            <Bars minutes={minutes} />
            <Text size="xs" c="dimmed" className="number">
              {new Intl.NumberFormat().format(total(minutes))} in the last {minutes.length} minutes
            </Text>
          </>
        )}
      </Answer>
    </Panel>
  );
}

const width = 600;
const height = 110;

function total(minutes: readonly Minute[]): number {
  return minutes.reduce((sum, minute) => sum + minute.succeeded + minute.failed + minute.open, 0);
}

function Bars({ minutes }: { minutes: Minute[] }) {
  const most = Math.max(4, ...minutes.map((minute) => total([minute])));
  const step = width / minutes.length;
  return (
    <svg
      className={classes.bars}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${total(minutes)} runs in the last ${minutes.length} minutes, at most ${most} in one`}
    >
      <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} stroke="var(--line-strong)" />
      {minutes.map((minute, i) => {
        let base = height - 1;
        return (
          <g key={minute.at.getTime()}>
            <title>
              {instantTitle(minute.at)}
              {'\n'}
              {minute.succeeded} succeeded, {minute.open} not ended, {minute.failed} ended otherwise
            </title>
            <rect x={i * step} y={0} width={step} height={height} fill="transparent" />
            {parts.map(({ of, tone }) => {
              const size = (minute[of] / most) * (height - 8);
              base -= size;
              return (
                <rect
                  key={of}
                  x={i * step + 1.5}
                  y={base}
                  width={step - 3}
                  height={size}
                  fill={toneColor(tone)}
                  rx={1}
                />
              );
            })}
          </g>
        );
      })}
    </svg>
  );
}
