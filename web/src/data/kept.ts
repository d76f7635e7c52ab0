// What was known already is kept as the same objects, so that a component which is handed a part of an answer is drawn anew
// only where that part has changed.

/**
 * Returns the new value with all that is equal to the value before in the form that it had before: the very same objects,
 * down to the smallest. Where nothing has changed the result is the value before. Neither is altered.
 */
export function kept<T>(before: unknown, now: T): T {
  if (Object.is(before, now)) return now;
  return keptObject(before, now) as T;
}

function keptObject(before: unknown, now: unknown): unknown {
  if (typeof before !== 'object' || typeof now !== 'object' || before === null || now === null) return now;
  if (Object.getPrototypeOf(before) !== Object.getPrototypeOf(now)) return now;
  if (Array.isArray(now)) return keptArray(before as unknown[], now);
  if (now instanceof Date) return (before as Date).getTime() === now.getTime() ? before : now;
  if (now instanceof Map) return keptMap(before as Map<unknown, unknown>, now);
  return isPlain(now) ? keptRecord(before as Record<string, unknown>, now) : now;
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function keptArray(before: unknown[], now: unknown[]): unknown[] {
  const items = now.map((item, i) => kept(before[i], item));
  return items.length === before.length && items.every((item, i) => Object.is(item, before[i]))
    ? before
    : items;
}

function keptMap(before: Map<unknown, unknown>, now: Map<unknown, unknown>): Map<unknown, unknown> {
  const entries = [...now].map(([key, value]) => [key, kept(before.get(key), value)] as const);
  const same =
    before.size === now.size &&
    entries.every(([key, value]) => before.has(key) && Object.is(value, before.get(key)));
  return same ? before : new Map(entries);
}

function keptRecord(before: Record<string, unknown>, now: Record<string, unknown>): Record<string, unknown> {
  const keys = Object.keys(now);
  const values: Record<string, unknown> = {};
  let same = keys.length === Object.keys(before).length;
  for (const key of keys) {
    const value = kept(before[key], now[key]);
    values[key] = value;
    same &&= Object.hasOwn(before, key) && Object.is(value, before[key]);
  }
  return same ? before : values;
}
