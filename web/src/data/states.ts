// The states that runs, attempts, servers and deliveries can be in. How each looks stands in components/states.tsx.

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

export const deliveryStates = ['waiting', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export const planRunStates = [
  'waiting',
  'running',
  'stopping',
  'succeeded',
  'failed',
  'cancelled',
  'unknown',
] as const;
export type PlanRunState = (typeof planRunStates)[number];

export const nodeStates = [
  'waiting',
  'running',
  'succeeded',
  'failed',
  'skipped',
  'cancelled',
  'unknown',
] as const;
export type NodeState = (typeof nodeStates)[number];

/** Any state that has an icon, a colour and a word. */
export type State = RunState | ServerState | AttemptState | DeliveryState | PlanRunState | NodeState;

const ended: readonly RunState[] = ['succeeded', 'failed', 'timed_out', 'cancelled', 'reset', 'lost'];

/** Whether a run in that state has ended for good. */
export function hasEnded(state: RunState): boolean {
  return ended.includes(state);
}

/** Returns the word if it is a known one, else the fallback: a newer conductor may know more states. */
export function oneOf<T extends string>(known: readonly T[], word: string, fallback: T): T {
  return known.find((k) => k === word) ?? fallback;
}
