// Triggers: why tasks and plans start by themselves, and when they will.

import { queryOptions } from '@tanstack/react-query';

import { getAll, part, send } from './api';
import { instant } from './instants';
import type { WirePage, WirePreview, WireTrigger, WireTriggerSpec } from './wire';

/** What a trigger belongs to and starts. */
export interface Owner {
  kind: 'task' | 'plan';
  name: string;
}

/** The path of an owner's triggers. */
function pathOf({ kind, name }: Owner): string {
  return `/${kind}s/${part(name)}/triggers`;
}

export interface Trigger {
  name: string;
  kind: WireTrigger['kind'];
  task: string | null;
  plan: string | null;
  /** Why it is not due: its own pause, or that of its task or of all triggers. */
  pause: { level: string; reason: string; by: string } | null;
  nextAt: Date | null;
  last: { at: Date; run: string | null; reason: string } | null;
  version: number;
  /** As it was posted. */
  spec: WireTriggerSpec;
}

const added = [
  'task',
  'plan',
  'kind',
  'pause',
  'next_at',
  'due_at',
  'last',
  'version',
  'created_at',
  'updated_at',
];

export function triggerOf(w: WireTrigger): Trigger {
  return {
    name: w.name,
    kind: w.kind,
    task: w.task,
    plan: w.plan,
    pause: w.pause && { level: w.pause.level, reason: w.pause.reason, by: w.pause.by },
    nextAt: instant(w.next_at),
    last: w.last && { at: new Date(w.last.scheduled_for), run: w.last.run, reason: w.last.reason },
    version: w.version,
    spec: Object.fromEntries(
      Object.entries(w).filter(([key]) => !added.includes(key)),
    ) as unknown as WireTriggerSpec,
  };
}

/** One of the next times of a trigger, and what becomes of it. */
export interface NextTime {
  at: Date;
  /** The time on the clock of the trigger's zone. */
  local: string;
  due: boolean;
  /** What a change of the clock or the calendar does to it, in a sentence; empty where nothing does. */
  note: string;
}

function nextTimeOf(w: WirePreview): NextTime {
  return { at: new Date(w.scheduled_for), local: w.local, due: w.due, note: w.note };
}

export const allTriggers = queryOptions({
  queryKey: ['triggers', 'all'],
  queryFn: async ({ signal }) => (await getAll<WireTrigger>('/triggers', signal)).map(triggerOf),
});

export const triggersOf = (owner: Owner) =>
  queryOptions({
    queryKey: ['triggers', owner.kind, owner.name],
    queryFn: async ({ signal }) => (await getAll<WireTrigger>(pathOf(owner), signal)).map(triggerOf),
  });

/** What becomes of the next times of a trigger that is being written. */
export const nextTimes = (owner: Owner, spec: WireTriggerSpec, count = 6) =>
  queryOptions({
    queryKey: ['triggers', 'preview', owner, spec, count],
    queryFn: async ({ signal }) => {
      const path = `/triggers/preview?${owner.kind}=${encodeURIComponent(owner.name)}&count=${count}`;
      const page = await send<WirePage<WirePreview>>('POST', path, { body: spec, signal });
      return page.items.map(nextTimeOf);
    },
    retry: false,
    placeholderData: (before) => before,
  });

export async function createTrigger(owner: Owner, spec: WireTriggerSpec): Promise<Trigger> {
  return triggerOf(await send<WireTrigger>('POST', pathOf(owner), { body: spec }));
}

export async function editTrigger(
  owner: Owner,
  name: string,
  patch: unknown,
  version?: number,
): Promise<Trigger> {
  const path = `${pathOf(owner)}/${part(name)}`;
  return triggerOf(
    await send<WireTrigger>('PATCH', path, { body: patch, ...(version === undefined ? {} : { version }) }),
  );
}

export async function deleteTrigger(owner: Owner, name: string): Promise<void> {
  await send('DELETE', `${pathOf(owner)}/${part(name)}`);
}

/** Returns when each task is next due, by its name. */
export function nextByTask(triggers: readonly Trigger[]): Map<string, Date> {
  const next = new Map<string, Date>();
  for (const { task, nextAt } of triggers) {
    if (task === null || nextAt === null) continue;
    const before = next.get(task);
    if (!before || nextAt < before) next.set(task, nextAt);
  }
  return next;
}
