// What the console works with. Everything that comes from the API is made into these types here, once.

import type { WirePlacement, WireRun, WireServer, WireVerdict, WireVirtualServer } from './wire';

export const runStates = [
  'queued',
  'starting',
  'running',
  'unknown',
  'stopping',
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'reset',
  'lost',
] as const;
export type RunState = (typeof runStates)[number];

export const serverStates = [
  'online',
  'never_seen',
  'unreachable',
  'unavailable',
  'draining',
  'disabled',
] as const;
export type ServerState = (typeof serverStates)[number];

export const attemptStates = [
  'offered',
  'running',
  'unknown',
  'stopping',
  'withdrawn',
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'lost',
  'unavailable',
] as const;
export type AttemptState = (typeof attemptStates)[number];

/** Any state that has an icon, a colour and a word. */
export type State = RunState | ServerState | AttemptState;

export interface Server {
  name: string;
  state: ServerState;
  /** Why an operator has drained or disabled it, or empty. */
  reason: string;
  slots: number;
  slotsUsed: number;
  /** Null until the first sample. */
  rating: Rating | null;
  /** Shares of all processors and of the memory in use, 0 to 1; null without a sample. */
  cpu: number | null;
  memory: number | null;
  cpus: number | null;
  lastSeen: Date | null;
}

export interface Rating {
  /** 0 to 100. */
  points: number;
  /** 0 to 5, in halves. */
  stars: number;
}

export interface VirtualServer {
  name: string;
  description: string;
  active: boolean;
  selection: string;
  members: string[];
}

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

export interface Placement {
  at: Date;
  chosen: string | null;
  reason: string;
  /** The best first, the refused ones last. */
  candidates: Candidate[];
}

export interface Candidate {
  server: string;
  rating: Rating | null;
  /** Why it was refused, or null for an eligible one. */
  refusal: string | null;
  slots: number;
  slotsUsed: number;
  /** Age of the sample that the rating rests on, in seconds; null without one. */
  sampleAge: number | null;
  terms: { indicator: string; value: number; penalty: number }[];
}

function oneOf<T extends string>(known: readonly T[], word: string, fallback: T): T {
  return known.find((k) => k === word) ?? fallback;
}

function instant(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}

export function serverOf(w: WireServer): Server {
  return {
    name: w.name,
    state: oneOf(serverStates, w.status, 'unavailable'),
    reason: w.reason,
    slots: w.slots,
    slotsUsed: w.slots_used,
    rating: w.rating === null ? null : { points: w.rating, stars: w.stars ?? 0 },
    cpu: w.load?.cpu_total ?? null,
    cpus: w.load?.cpus ?? null,
    memory: w.load && w.load.memory_total > 0 ? 1 - w.load.memory_available / w.load.memory_total : null,
    lastSeen: instant(w.last_seen),
  };
}

export function virtualServerOf(w: WireVirtualServer): VirtualServer {
  return {
    name: w.name,
    description: w.description ?? '',
    active: !w.inactive,
    selection: w.selection ?? 'best-rated',
    members: w.members ?? [],
  };
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
    attempts: (w.attempts ?? []).map((a) => ({
      number: a.number,
      server: a.server,
      state: oneOf(attemptStates, a.state, 'unknown'),
      reason: a.reason,
      ground: a.ground,
      offeredAt: new Date(a.offered_at),
      startedAt: instant(a.started_at),
      endedAt: instant(a.ended_at),
      placement: a.placement ? placementOf(a.placement) : null,
    })),
    waiting: w.waiting ? placementOf(w.waiting) : null,
  };
}

function placementOf(w: WirePlacement): Placement {
  return {
    at: new Date(w.at),
    chosen: w.chosen ?? null,
    reason: w.reason,
    candidates: w.candidates.map(candidateOf),
  };
}

function candidateOf(w: WireVerdict): Candidate {
  const sampled = w.sample_age_ms >= 0;
  return {
    server: w.server,
    rating: sampled ? { points: w.rating, stars: w.stars } : null,
    refusal: w.refused ? (w.refused_because ?? w.refused) : null,
    slots: w.slots,
    slotsUsed: w.slots_used,
    sampleAge: sampled ? w.sample_age_ms / 1000 : null,
    terms: w.terms ?? [],
  };
}

const ended: readonly RunState[] = ['succeeded', 'failed', 'timed_out', 'cancelled', 'reset', 'lost'];

/** Whether a run in that state has ended for good. */
export function hasEnded(state: RunState): boolean {
  return ended.includes(state);
}
