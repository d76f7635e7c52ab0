// The kinds of trigger, and what a trigger keeps when it becomes one of another kind.

import type { JsonObject } from '../document/document';
import { zoneName } from '../instants';

export const kinds = [
  { value: 'cron', label: 'by the clock' },
  { value: 'every', label: 'every so often' },
  { value: 'at', label: 'once' },
  { value: 'file', label: 'for files' },
  { value: 'after', label: 'after a task' },
  { value: 'webhook', label: 'when called' },
] as const;

export type Kind = (typeof kinds)[number]['value'];

/** What a trigger of each kind begins with. */
function blank(kind: Kind): JsonObject {
  switch (kind) {
    case 'cron':
      return { cron: '30 2 * * *', timezone: zoneName() };
    case 'every':
      return { every: '10m' };
    case 'at':
      return { at: new Date(Math.ceil(Date.now() / 60_000) * 60_000 + 3_600_000).toISOString() };
    case 'file':
      return { file: { server: '', path: '', mask: '*', on: 'created' } };
    case 'after':
      return { after: { task: '', on: 'ok' } };
    case 'webhook':
      return { webhook: { signature: 'standard' } };
  }
}

/** What only triggers that are due at times may say, and what only those by the clock may. */
const ofTimes = ['misfire', 'misfire_window', 'jitter'];
const ofClock = ['in_gap', 'in_overlap', 'timezone'];

/** Returns the kind of a trigger; null where it has none. */
export function kindOf(spec: JsonObject): Kind | null {
  return kinds.find(({ value }) => spec[value] !== undefined)?.value ?? null;
}

/** Returns the trigger as one of another kind, without what that has no use for. */
export function ofKind(spec: JsonObject, kind: Kind): JsonObject {
  const timed = kind === 'cron' || kind === 'every' || kind === 'at';
  const dropped: string[] = [
    ...kinds.map(({ value }) => value),
    ...(timed ? [] : ofTimes),
    ...(kind === 'cron' ? [] : ofClock),
  ];
  const kept = Object.entries(spec).filter(([key]) => !dropped.includes(key));
  return { ...Object.fromEntries(kept), ...blank(kind) };
}
