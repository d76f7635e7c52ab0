import { Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import {
  IconArchive,
  IconCalendar,
  IconHierarchy2,
  IconListCheck,
  IconPlayerPlay,
  IconSearch,
  IconServer,
  IconStack2,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { KeyboardEvent } from 'react';

import { Dialog } from '../components/Dialog';
import { states } from '../components/states';
import { archives } from '../data/archives';
import { calendars } from '../data/calendars';
import { planNames } from '../data/plans';
import { runsWith } from '../data/runs';
import type { Run } from '../data/runs';
import { servers } from '../data/servers';
import { taskNames } from '../data/taskNames';
import { virtualServers } from '../data/virtualServers';
import { subjects } from '../pages/settings/subjects';
import type { Place } from './places';
import { places } from './places';
import classes from './Shell.module.css';

export interface Target {
  name: string;
  kind: string;
  to: string;
  icon: Place['icon'];
}

/** So many are shown, and a few runs. */
const most = 12;
/** The ids of runs, which sort by time. */
const runId = /^[0-9A-HJKMNP-TV-Z]{26}$/i;

/** Returns what the text may mean, the best first: what begins with it, then what contains it. */
export function matches(targets: readonly Target[], text: string): Target[] {
  const wanted = text.trim().toLowerCase();
  const run: Target[] = runId.test(wanted)
    ? [{ name: wanted.toUpperCase(), kind: 'run', to: `/runs/${wanted.toUpperCase()}`, icon: IconPlayerPlay }]
    : [];
  const rank = ({ name }: Target) => name.toLowerCase().indexOf(wanted);
  const found = targets.filter((target) => rank(target) >= 0);
  found.sort((a, b) => Math.min(1, rank(a)) - Math.min(1, rank(b)));
  return [...run, ...found].slice(0, most);
}

/** Makes targets of the runs that the conductor has found, but for the one whose id was typed: that is there already. */
export function ofRuns(runs: readonly Run[], text: string): Target[] {
  return runs
    .filter(({ id }) => id !== text.trim().toUpperCase())
    .map(({ id, task, state }) => ({
      name: task,
      kind: `run …${id.slice(-6)}, ${states[state].word}`,
      to: `/runs/${id}`,
      icon: IconPlayerPlay,
    }));
}

/** Finds a page, or what has a name, and goes there. */
export function JumpTo({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Dialog
      opened={opened}
      onClose={close}
      withCloseButton={false}
      size="lg"
      padding="xs"
      yOffset="12vh"
      centered={false}
      attributes={{ content: { 'aria-label': 'Jump to' } }}
    >
      <Finder close={close} />
    </Dialog>
  );
}

function useTargets(): Target[] {
  const fleet = useQuery(servers).data ?? [];
  const groups = useQuery(virtualServers).data ?? [];
  const tasks = useQuery(taskNames).data ?? [];
  const plans = useQuery(planNames).data ?? [];
  const kept = useQuery(calendars).data ?? [];
  const packages = useQuery(archives).data ?? [];
  return [
    ...places.map(({ name, to, icon }) => ({ name, to, icon, kind: 'page' })),
    ...subjects.map(({ name, to, icon }) => ({ name, to, icon, kind: 'settings' })),
    ...targetsOf(groups, '/virtual-servers?show=', IconStack2, 'virtual server'),
    ...targetsOf(fleet, '/servers/', IconServer, 'server'),
    ...targetsOf(named(tasks), '/tasks/', IconListCheck, 'task'),
    ...targetsOf(named(plans), '/plans/', IconHierarchy2, 'plan'),
    ...targetsOf(kept, '/settings/calendars/', IconCalendar, 'calendar'),
    ...targetsOf(packages, '/settings/archives/', IconArchive, 'archive'),
  ];
}

const named = (names: readonly string[]) => names.map((name) => ({ name }));

function targetsOf(
  things: readonly { name: string }[],
  path: string,
  icon: Place['icon'],
  kind: string,
): Target[] {
  return things.map(({ name }) => ({ name, to: path + encodeURIComponent(name), icon, kind }));
}

function Finder({ close }: { close: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const [settled] = useDebouncedValue(text.trim(), 150);
  const runs = useQuery(runsWith(settled));
  // Those of an earlier text go as soon as one types on.
  const current = settled === text.trim();
  const found = [...matches(useTargets(), text), ...ofRuns((current && runs.data) || [], text)];
  const go = (target: Target | undefined) => {
    if (!target) return;
    close();
    void navigate({ href: target.to });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setAt((at + step + found.length) % found.length);
    }
    if (event.key === 'Enter') go(found[at]);
  };
  return (
    <>
      <TextInput
        data-autofocus
        size="md"
        variant="unstyled"
        px="sm"
        placeholder="A page, server, group, task or run, a plan, a calendar or an archive"
        aria-label="Jump to"
        role="combobox"
        aria-expanded
        aria-controls="jump-targets"
        aria-activedescendant={found[at] ? `jump-${at}` : undefined}
        leftSection={<IconSearch size={18} aria-hidden />}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="jump-targets" role="listbox" aria-label="Targets">
        {found.map((target, i) => (
          <div
            key={target.to}
            id={`jump-${i}`}
            role="option"
            aria-selected={i === at}
            className={classes.option}
            onMouseMove={() => setAt(i)}
            onClick={() => go(target)}
          >
            <target.icon size={18} stroke={1.7} aria-hidden />
            <Text size="sm" truncate>
              {target.name}
            </Text>
            <Text size="xs" c="dimmed" ml="auto">
              {target.kind}
            </Text>
          </div>
        ))}
      </div>
      {found.length === 0 && current && !runs.isFetching && (
        <Text size="sm" c="dimmed" p="sm" role="status">
          Nothing of that name.
        </Text>
      )}
    </>
  );
}
