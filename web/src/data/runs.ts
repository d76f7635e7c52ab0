// Runs: the requested executions of tasks.

import { queryOptions } from '@tanstack/react-query';

import { get, part } from './api';
import { instant } from './instants';
import { placementOf } from './placement';
import type { Placement } from './placement';
import { attemptStates, oneOf, runStates } from './states';
import type { AttemptState, RunState } from './states';
import type { WireAttempt, WirePage, WireRun } from './wire';

export interface Run {
  id: string;
  task: string;
  state: RunState;
  reason: string;
  cause: string;
  server: string | null;
  attempt: number;
  queuedAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  exitCode: number | null;
  progress: { percent: number; message: string } | null;
  /** Oldest first; empty in lists. */
  attempts: Attempt[];
  /** Why a queued run waits, where that is known. */
  waiting: Placement | null;
}

export interface Attempt {
  number: number;
  server: string;
  state: AttemptState;
  reason: string;
  /** Why it could begin although an earlier one existed. */
  ground: string | null;
  offeredAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  placement: Placement | null;
}

export function runOf(w: WireRun): Run {
  return {
    id: w.id,
    task: w.task,
    state: oneOf(runStates, w.state, 'unknown'),
    reason: w.reason,
    cause: w.cause.by === '' ? w.cause.kind : `${w.cause.kind} by ${w.cause.by}`,
    server: w.server,
    attempt: w.attempt,
    queuedAt: new Date(w.queued_at),
    startedAt: instant(w.started_at),
    endedAt: instant(w.ended_at),
    exitCode: w.exit_code,
    progress: w.progress,
    attempts: (w.attempts ?? []).map(attemptOf),
    waiting: w.waiting ? placementOf(w.waiting) : null,
  };
}

function attemptOf(w: WireAttempt): Attempt {
  return {
    number: w.number,
    server: w.server,
    state: oneOf(attemptStates, w.state, 'unknown'),
    reason: w.reason,
    ground: w.ground,
    offeredAt: new Date(w.offered_at),
    startedAt: instant(w.started_at),
    endedAt: instant(w.ended_at),
    placement: w.placement ? placementOf(w.placement) : null,
  };
}

/** The newest runs. */
export const newestRuns = queryOptions({
  queryKey: ['runs', 'newest'],
  queryFn: async ({ signal }) => (await get<WirePage<WireRun>>('/runs?limit=25', signal)).items.map(runOf),
});

export const run = (id: string) =>
  queryOptions({
    queryKey: ['run', id],
    queryFn: async ({ signal }) => runOf(await get<WireRun>(`/runs/${part(id)}`, signal)),
  });

/** Runs that need a person: of unknown state, waiting for long, or failed lately. */
export const unknownRuns = runsIn('unknown', ['unknown']);
export const queuedRuns = runsIn('queued', ['queued']);
const unsuccessful: RunState[] = ['failed', 'timed_out', 'lost'];
const lateMs = 86_400_000;
export const failedRuns = runsIn('failed', unsuccessful, lateMs);

function runsIn(key: string, states: RunState[], backMs = 0) {
  return queryOptions({
    queryKey: ['runs', 'attention', key],
    queryFn: async ({ signal }) => {
      const since = backMs === 0 ? '' : `&since=${new Date(Date.now() - backMs).toISOString()}`;
      const path = `/runs?state=${states.join(',')}&limit=100${since}`;
      return (await get<WirePage<WireRun>>(path, signal)).items.map(runOf);
    },
  });
}

/** The runs that are on a server now. */
export const runsOn = (server: string) =>
  queryOptions({
    queryKey: ['runs', 'on', server],
    queryFn: async ({ signal }) => {
      const path = `/runs?state=starting,running,unknown,stopping&limit=100&server=${part(server)}`;
      return (await get<WirePage<WireRun>>(path, signal)).items.map(runOf);
    },
  });
