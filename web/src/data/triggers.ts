// Triggers: why tasks and plans start by themselves, and when they will.

import { queryOptions } from '@tanstack/react-query';

import { get, getAll, part, send } from './api';
import { instant } from './instants';
import type {
  WirePage,
  WirePreview,
  WireTrigger,
  WireTriggerSpec,
  WireTriggerWebhook,
  WireWatch,
  WireWebhookSecrets,
} from './wire';

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
  pause: { level: 'trigger' | 'owner' | 'all'; reason: string; by: string; at: Date } | null;
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
    pause: w.pause && {
      level: w.pause.level,
      reason: w.pause.reason,
      by: w.pause.by,
      at: new Date(w.pause.at),
    },
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

/** What is paused and resumed: one trigger, all of an owner where the name is empty, or all there are. */
export type Paused = { owner: Owner; trigger: string } | 'all';

function pathOfPaused(what: Paused): string {
  if (what === 'all') return '/triggers';
  const { owner, trigger } = what;
  return trigger === '' ? `/${owner.kind}s/${part(owner.name)}` : `${pathOf(owner)}/${part(trigger)}`;
}

/** Keeps triggers from being due until somebody resumes them. */
export async function pauseTriggers(what: Paused, reason: string): Promise<void> {
  await send('POST', `${pathOfPaused(what)}/pause`, { body: reason === '' ? {} : { reason } });
}

export async function resumeTriggers(what: Paused): Promise<void> {
  await send('POST', `${pathOfPaused(what)}/resume`);
}

/** How a webhook is. Its address and its key are told only when they are made. */
export interface Webhook {
  /** Null while it has no address yet. */
  madeAt: Date | null;
  signed: boolean;
  /** How many requests had a wrong signature, and when the last of them came. */
  refused: number;
  refusedAt: Date | null;
}

export const webhookOf = (owner: Owner, name: string) =>
  queryOptions({
    queryKey: ['triggers', owner.kind, owner.name, name, 'webhook'],
    queryFn: async ({ signal }): Promise<Webhook> => {
      const w = await get<WireTriggerWebhook>(`${pathOf(owner)}/${part(name)}/webhook`, signal);
      return {
        madeAt: instant(w.made_at),
        signed: w.has_signing_key,
        refused: w.refused,
        refusedAt: instant(w.refused_at),
      };
    },
  });

/** Which secrets are made anew. An empty signing key has the conductor make a random one. */
export interface SecretsWanted {
  address: boolean;
  key: boolean;
  signingKey: string;
}

/** The secrets that were just made; empty ones were kept. */
export interface Secrets {
  address: string;
  signingKey: string;
}

export async function makeSecrets(owner: Owner, name: string, wanted: SecretsWanted): Promise<Secrets> {
  const body = {
    ...(wanted.address ? {} : { keep_address: true }),
    ...(wanted.key ? {} : { keep_signing_key: true }),
    ...(wanted.key && wanted.signingKey !== '' ? { signing_key: wanted.signingKey } : {}),
  };
  const path = `${pathOf(owner)}/${part(name)}/webhook-secrets`;
  const made = await send<WireWebhookSecrets>('POST', path, { body });
  // A conductor that does not know its own address is called where the console has it from.
  const known = made.url ?? (made.path ? window.location.origin + made.path : '');
  return { address: known, signingKey: made.signing_key ?? '' };
}

/** How the folder of a file trigger is watched on a server. */
export interface Watch {
  server: string;
  files: number;
  pending: number;
  /** Why it cannot be watched; empty where it can. */
  problem: string;
  toldAt: Date;
}

export const watchesOf = (owner: Owner, name: string) =>
  queryOptions({
    queryKey: ['triggers', owner.kind, owner.name, name, 'watches'],
    queryFn: async ({ signal }): Promise<Watch[]> =>
      (await get<WirePage<WireWatch>>(`${pathOf(owner)}/${part(name)}/watches`, signal)).items.map((w) => ({
        server: w.server,
        files: w.files,
        pending: w.pending,
        problem: w.problem,
        toldAt: new Date(w.told_at),
      })),
    refetchInterval: 10_000,
  });

export interface Next {
  at: Date;
  /** The zone of the trigger. */
  zone: string | undefined;
}

/** Returns when each task is next due, by its name. */
export function nextByTask(triggers: readonly Trigger[]): Map<string, Next> {
  const next = new Map<string, Next>();
  for (const { task, nextAt, spec } of triggers) {
    if (task === null || nextAt === null) continue;
    const before = next.get(task);
    if (!before || nextAt < before.at) next.set(task, { at: nextAt, zone: spec.timezone });
  }
  return next;
}
