// What is to come by itself, and what is kept from coming.

import { queryOptions } from '@tanstack/react-query';

import { get } from './api';
import type { WireForecast, WirePage, WirePause } from './wire';

export interface Coming {
  at: Date;
  /** The task or the plan that it starts. */
  owner: { kind: 'task' | 'plan'; name: string };
  trigger: string;
}

export function comingOf(w: WireForecast): Coming {
  return {
    at: new Date(w.due_at),
    owner: w.task === null ? { kind: 'plan', name: w.plan ?? '' } : { kind: 'task', name: w.task },
    trigger: w.trigger,
  };
}

/** The next occurrences, soonest first. */
export const coming = queryOptions({
  queryKey: ['occurrences', 'coming'],
  queryFn: async ({ signal }) =>
    (await get<WirePage<WireForecast>>('/forecast?limit=8', signal)).items.map(comingOf),
  refetchInterval: 15_000,
});

export interface Pause {
  level: 'trigger' | 'owner' | 'all';
  /** The task or the plan whose triggers are paused; null for all there are. */
  owner: string | null;
  kind: 'task' | 'plan' | null;
  by: string;
  reason: string;
  at: Date;
}

/** What an operator has paused. */
export const pauses = queryOptions({
  queryKey: ['triggers', 'pauses'],
  queryFn: async ({ signal }): Promise<Pause[]> =>
    (await get<WirePage<WirePause>>('/pauses', signal)).items.map((w) => ({
      level: w.level,
      owner: w.task ?? w.plan,
      kind: w.task !== null ? 'task' : w.plan !== null ? 'plan' : null,
      by: w.by,
      reason: w.reason,
      at: new Date(w.at),
    })),
});

/** Says what is paused, such as "All triggers are paused by admin: the database moves". */
export function pauseText({ level, owner, by, reason }: Pause): string {
  const what =
    level === 'all'
      ? 'All triggers are'
      : `${level === 'trigger' ? 'A trigger of' : 'The triggers of'} ${owner ?? 'a task'} ${level === 'trigger' ? 'is' : 'are'}`;
  return `${what} paused${by === '' ? '' : ` by ${by}`}${reason === '' ? '' : `: ${reason}`}`;
}
