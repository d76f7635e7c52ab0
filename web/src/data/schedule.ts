// What is to come by itself, and what is kept from coming.

import { queryOptions } from '@tanstack/react-query';

import { get } from './api';
import type { WireForecast, WirePage, WirePause, WireTrigger } from './wire';

export interface Coming {
  at: Date;
  /** The task or the plan that it starts. */
  owner: { kind: 'task' | 'plan'; name: string };
  trigger: string;
  /** The zone of the trigger. */
  zone: string;
}

export function comingOf(w: WireForecast): Coming {
  return {
    at: new Date(w.due_at),
    owner: w.task === null ? { kind: 'plan', name: w.plan ?? '' } : { kind: 'task', name: w.task },
    trigger: w.trigger,
    zone: w.timezone,
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
  /** The trigger, where one is paused by itself. */
  trigger: string | null;
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
    (await get<WirePage<WirePause>>('/pauses', signal)).items.map((w) => pauseOf(w, w)),
});

interface Owner {
  task?: string | null;
  plan?: string | null;
}

function pauseOf(w: WirePause, { task, plan }: Owner, trigger: string | null = null): Pause {
  return {
    trigger,
    level: w.level,
    owner: task ?? plan ?? null,
    kind: task ? 'task' : plan ? 'plan' : null,
    by: w.by,
    reason: w.reason,
    at: new Date(w.at),
  };
}

/** Triggers that are paused by themselves, the first of them; the summary has their number. */
export const pausedTriggers = queryOptions({
  queryKey: ['triggers', 'paused'],
  queryFn: async ({ signal }): Promise<Pause[]> =>
    (await get<WirePage<WireTrigger>>('/triggers?paused=true&limit=10', signal)).items.flatMap((w) =>
      w.pause === null ? [] : [pauseOf(w.pause, w, w.name)],
    ),
});

/** Says what is paused, such as "All triggers are paused by admin: the database moves". */
export function pauseText({ trigger, level, owner, by, reason }: Pause): string {
  const whose = owner ?? 'a task';
  const what = {
    all: 'All triggers are',
    owner: `The triggers of ${whose} are`,
    trigger: `The trigger ${trigger ?? ''} of ${whose} is`,
  }[level];
  return `${what} paused${by === '' ? '' : ` by ${by}`}${reason === '' ? '' : `: ${reason}`}`;
}
