// What is wrong now, the worst first: what an operator should look at before anything else.

import { useQuery } from '@tanstack/react-query';

import { failedRuns, lateRuns, unknownRuns, waitingRuns } from './runs';
import type { Run } from './runs';
import { servers, skewToTell } from './servers';
import type { Server } from './servers';
import type { State } from './states';
import { summary } from './summary';
import type { Summary } from './summary';

export interface Trouble {
  /** Tells this trouble from any other. */
  key: string;
  state: State;
  subject: { kind: 'server' | 'run'; id: string; name: string };
  text: string;
  since: Date | null;
}

export interface Runs {
  unknown: Run[];
  failed: Run[];
  late: Run[];
  waiting: Run[];
}

/** Returns what is wrong now as far as it was read, each thing once. */
export function troublesOf(fleet: readonly Server[], runs: Runs): Trouble[] {
  const late = new Set(runs.late.map(({ id }) => id));
  return [
    ...serverTroubles(fleet),
    ...runs.unknown
      .filter(({ id }) => !late.has(id))
      .map((run) => ofRun(run, run.reason || 'its server does not answer', run.startedAt)),
    ...runs.failed.map((run) => ofRun(run, run.reason, run.endedAt)),
    ...runs.late.map((run) => ofRun(run, `late${run.reason === '' ? '' : `: ${run.reason}`}`, run.queuedAt)),
    ...runs.waiting
      .filter(({ id }) => !late.has(id))
      .map((run) => ofRun(run, run.reason || 'waits for a server', run.queuedAt)),
    ...clockTroubles(fleet),
  ];
}

function serverTroubles(fleet: readonly Server[]): Trouble[] {
  return [
    ...fleet.filter((s) => s.state === 'unavailable').map((s) => ofServer(s, 'is unavailable')),
    ...fleet.filter((s) => s.state === 'unreachable').map((s) => ofServer(s, 'does not answer')),
    ...fleet.filter((s) => s.quarantine !== '').map((s) => ofServer(s, `is quarantined: ${s.quarantine}`)),
  ];
}

function clockTroubles(fleet: readonly Server[]): Trouble[] {
  return fleet
    .filter((s) => Math.abs(s.skewMs ?? 0) >= skewToTell)
    .map((s) => ({
      ...ofServer(s, `its clock is ${skewText(s.skewMs ?? 0)} the conductor’s`),
      key: `clock/${s.name}`,
      since: null,
    }));
}

/** How much of each kind needs attention, in true numbers. */
export interface Count {
  word: string;
  count: number;
  /** The page that has them all. */
  to: string;
}

/** Counts what needs attention: of servers what was read, which is all, and of the rest what the conductor counted. */
export function countsOf(fleet: readonly Server[], counted: Summary): Count[] {
  const servers = serverTroubles(fleet).length + clockTroubles(fleet).length;
  return [
    { word: servers === 1 ? 'server' : 'servers', count: servers, to: '/servers' },
    { word: 'unknown', count: counted.unknown, to: '/runs?state=unknown' },
    { word: 'failed today', count: counted.failed, to: '/runs?state=failed,timed_out,lost&since=24h' },
    { word: 'late', count: counted.late, to: '/runs?late=true' },
    { word: 'waiting for long', count: counted.waitLong, to: '/runs?state=queued' },
    { word: 'paused', count: counted.pausedTriggers + counted.pauses, to: '/tasks' },
  ].filter(({ count }) => count > 0);
}

/** Says by how much a clock is off, such as "3.2 s ahead of". */
export function skewText(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s ${ms > 0 ? 'ahead of' : 'behind'}`;
}

function ofServer(server: Server, text: string): Trouble {
  return {
    key: `server/${server.name}`,
    state: server.state,
    subject: { kind: 'server', id: server.name, name: server.name },
    text,
    since: server.stateSince,
  };
}

function ofRun(run: Run, text: string, since: Date | null): Trouble {
  return {
    key: `run/${run.id}`,
    state: run.state,
    subject: { kind: 'run', id: run.id, name: run.task },
    text,
    since,
  };
}

export interface Attention {
  /** The first things that are wrong; there may be more than was read. */
  troubles: Trouble[];
  counts: Count[];
  /** How many things need attention in all. */
  total: number;
  known: boolean;
}

/** Returns how much needs attention, and whether that is known yet. */
export function useAttentionCounts(): Omit<Attention, 'troubles'> {
  const fleet = useQuery(servers).data;
  const counted = useQuery(summary).data;
  const counts = fleet && counted ? countsOf(fleet, counted) : [];
  return {
    counts,
    total: counts.reduce((sum, { count }) => sum + count, 0),
    known: fleet !== undefined && counted !== undefined,
  };
}

/** Returns what is wrong now, the worst first, and how much of it there is. */
export function useAttention(): Attention {
  const counted = useAttentionCounts();
  const unknown = useQuery(unknownRuns).data;
  const failed = useQuery(failedRuns).data;
  const late = useQuery(lateRuns).data;
  const waiting = useQuery(waitingRuns).data;
  const fleet = useQuery(servers).data ?? [];
  const known = counted.known && unknown && failed && late && waiting;
  return {
    ...counted,
    troubles: known ? troublesOf(fleet, { unknown, failed, late, waiting }) : [],
    known: known !== undefined && known !== false,
  };
}
