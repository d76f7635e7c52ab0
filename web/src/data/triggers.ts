// Triggers: why tasks start by themselves, and when they will.

import { queryOptions } from '@tanstack/react-query';

import { getAll, part, send } from './api';
import { instant } from './instants';
import type { WirePage, WirePreview, WireTrigger, WireTriggerSpec } from './wire';

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

export const taskTriggers = (task: string) =>
  queryOptions({
    queryKey: ['triggers', 'task', task],
    queryFn: async ({ signal }) =>
      (await getAll<WireTrigger>(`/tasks/${part(task)}/triggers`, signal)).map(triggerOf),
  });

/** What becomes of the next times of a trigger that is being written. */
export const nextTimes = (task: string, spec: WireTriggerSpec, count = 6) =>
  queryOptions({
    queryKey: ['triggers', 'preview', task, spec, count],
    queryFn: async ({ signal }) => {
      const path = `/triggers/preview?task=${encodeURIComponent(task)}&count=${count}`;
      const page = await send<WirePage<WirePreview>>('POST', path, { body: spec, signal });
      return page.items.map(nextTimeOf);
    },
    retry: false,
    placeholderData: (before) => before,
  });

export async function createTrigger(task: string, spec: WireTriggerSpec): Promise<Trigger> {
  return triggerOf(await send<WireTrigger>('POST', `/tasks/${part(task)}/triggers`, { body: spec }));
}

export async function editTrigger(
  task: string,
  name: string,
  patch: unknown,
  version?: number,
): Promise<Trigger> {
  const path = `/tasks/${part(task)}/triggers/${part(name)}`;
  return triggerOf(
    await send<WireTrigger>('PATCH', path, { body: patch, ...(version === undefined ? {} : { version }) }),
  );
}

export async function deleteTrigger(task: string, name: string): Promise<void> {
  await send('DELETE', `/tasks/${part(task)}/triggers/${part(name)}`);
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
