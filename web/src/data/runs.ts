// Runs: the requested executions of tasks.

import { queryOptions } from '@tanstack/react-query';

import { get, part } from './api';
import { checkpointOf } from './checkpoints';
import type { Checkpoint } from './checkpoints';
import { instant, milliseconds } from './instants';
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
  /** Who or what asked for it, in a few words. */
  cause: string;
  causedBy: Cause;
  server: string | null;
  attempt: number;
  queuedAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  exitCode: number | null;
  progress: { percent: number; message: string } | null;
  /** The due instant of the trigger that asked for it, if one did. */
  scheduledFor: Date | null;
  /** Whether it is kept, whatever the rules of retention say. */
  pinned: boolean;
  /** The state before unknown. */
  prior: string | null;
  /** What is to become of it once its attempt is over. */
  pending: Intent | null;
  /** How a queued run goes on with a further attempt. */
  next: Next | null;
  target: Target;
  policy: Policy;
  /** Milliseconds; null where the server's own time counts. */
  unavailableAfter: number | null;
  leaveRunning: boolean;
  params: Record<string, string>;
  outputs: Record<string, string>;
  /** Oldest first; empty in lists. */
  attempts: Attempt[];
  /** Oldest first; empty in lists. */
  checkpoints: Checkpoint[];
  /** Why a queued run waits, where that is known. */
  waiting: Placement | null;
}

/** Who or what asked for a run: the name of a person or a trigger, "run/node" of a plan, or "task run" of a chain. */
export type Cause = WireRun['cause'];

export type Intent = 'cancel' | 'reset' | 'restart' | 'recover';

/** Where runs go: to a virtual server or to one job server. */
export type Target = { kind: 'group' | 'server'; name: string };

/** A word, or a ladder of steps whose times are durations such as "2m". */
export type Policy = WireRun['policy'];

export interface Next {
  reason: string;
  checkpoint: number | null;
  avoid: string | null;
  notBefore: Date | null;
}

export interface Exit {
  kind: string;
  code: number;
  signal: number;
  /** Whether the kernel killed the job for want of memory. */
  oom: boolean;
  detail: string;
  cpuSeconds: number;
  /** Bytes. */
  peakMemory: number;
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
  /** Sequence of the checkpoint that it went on from, or null. */
  resumedFrom: number | null;
  exit: Exit | null;
  /** Bytes of its stored output. */
  logBytes: number;
  placement: Placement | null;
}

export function runOf(w: WireRun): Run {
  return {
    id: w.id,
    task: w.task,
    state: oneOf(runStates, w.state, 'unknown'),
    reason: w.reason,
    cause: causeText(w.cause),
    causedBy: w.cause,
    server: w.server,
    attempt: w.attempt,
    queuedAt: new Date(w.queued_at),
    startedAt: instant(w.started_at),
    endedAt: instant(w.ended_at),
    exitCode: w.exit_code,
    progress: w.progress,
    scheduledFor: instant(w.scheduled_for),
    pinned: w.pinned,
    prior: w.prior,
    pending: w.pending,
    next: w.next && {
      reason: w.next.reason,
      checkpoint: w.next.checkpoint,
      avoid: w.next.avoid,
      notBefore: instant(w.next.not_before),
    },
    target: targetOf(w.target),
    policy: w.policy,
    unavailableAfter: w.unavailable_after === null ? null : milliseconds(w.unavailable_after),
    leaveRunning: w.leave_running,
    params: w.params,
    outputs: w.outputs,
    checkpoints: (w.checkpoints ?? []).map(checkpointOf),
    attempts: (w.attempts ?? []).map(attemptOf),
    waiting: w.waiting ? placementOf(w.waiting) : null,
  };
}

/** Says who or what asked for a run, without the ids that a person does not read. */
export function causeText({ kind, by }: Cause): string {
  if (by === '') return kind;
  if (kind === 'plan') return `plan, node ${by.split('/')[1] ?? by}`;
  if (kind === 'chain') return `the end of ${by.split(' ')[0] ?? by}`;
  return `${kind} by ${by}`;
}

export function targetOf(w: WireRun['target']): Target {
  return w.server ? { kind: 'server', name: w.server } : { kind: 'group', name: w.virtual_server ?? '' };
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
    resumedFrom: w.resumed_from,
    exit: w.exit && {
      kind: w.exit.kind,
      code: w.exit.code,
      signal: w.exit.signal,
      oom: w.exit.oom,
      detail: w.exit.detail,
      cpuSeconds: w.exit.cpu_seconds,
      peakMemory: w.exit.peak_memory,
    },
    logBytes: w.log_bytes,
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

/** Of runs that need a person so many are read; the summary has their number. */
const mostRead = 20;
const dayMs = 86_400_000;
/** A run that has waited for so long should be looked at. */
export const longWaitMs = 60_000;

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

/** Runs that need a person, the newest of each kind: of unknown state, failed lately, late, or waiting for long. */
export const unknownRuns = runsSuch('unknown', () => 'state=unknown');
export const failedRuns = runsSuch('failed', () => `state=failed,timed_out,lost&since=${ago(dayMs)}`);
export const lateRuns = runsSuch('late', () => 'late=true');
export const waitingRuns = runsSuch('waiting', () => `state=queued&until=${ago(longWaitMs)}`);

function runsSuch(key: string, query: () => string) {
  return queryOptions({
    queryKey: ['runs', 'attention', key],
    queryFn: async ({ signal }) =>
      (await get<WirePage<WireRun>>(`/runs?limit=${mostRead}&${query()}`, signal)).items.map(runOf),
  });
}

/** The newest runs with a text in their id, task or reason; none for an empty text. */
export const runsWith = (text: string) =>
  queryOptions({
    queryKey: ['runs', 'with', text],
    enabled: text !== '',
    queryFn: async ({ signal }) =>
      (await get<WirePage<WireRun>>(`/runs?limit=5&q=${part(text)}`, signal)).items.map(runOf),
  });

/** The servers on which runs of a task are now, of its hundred newest that are on one. */
export const serversOfTask = (task: string) =>
  queryOptions({
    queryKey: ['runs', 'servers', task],
    queryFn: async ({ signal }) => {
      const path = `/runs?state=starting,running,unknown,stopping&limit=100&task=${part(task)}`;
      const { items } = await get<WirePage<WireRun>>(path, signal);
      return [...new Set(items.flatMap(({ server }) => (server === null ? [] : [server])))];
    },
  });

/** The runs that are on a server now. */
export const runsOn = (server: string) =>
  queryOptions({
    queryKey: ['runs', 'on', server],
    queryFn: async ({ signal }) => {
      const path = `/runs?state=starting,running,unknown,stopping&limit=100&server=${part(server)}`;
      return (await get<WirePage<WireRun>>(path, signal)).items.map(runOf);
    },
  });
