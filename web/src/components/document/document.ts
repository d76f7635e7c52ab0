// A task or a plan as a document: one object, shown as a form and as YAML. What the form does not know stays in the object.

import { isMap, isSeq, LineCounter, parseDocument, stringify } from 'yaml';
import type { Document, Node } from 'yaml';

/** What a document may be, as JSON has it. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
export type Path = readonly (string | number)[];

/** What kind of thing a document is: the only thing that its editor has to know about it. */
export interface DocumentKind {
  /** As in "This task was changed". */
  noun: string;
  /** The order in which a person looks for its keys. */
  order: readonly string[];
  /** A line that such a document may begin with. */
  example: string;
}

/** Writes a document as YAML, its keys in the order in which they are read. */
export function toYaml(spec: JsonObject, { order }: DocumentKind): string {
  const rank = (key: string) => (order.indexOf(key) + order.length + 1) % (order.length + 1);
  const sorted = Object.fromEntries(Object.entries(spec).sort(([a], [b]) => rank(a) - rank(b)));
  return stringify(sorted, { lineWidth: 0, blockQuote: 'literal' });
}

export interface Fault {
  /** Counts from 1; null where it is not known. */
  line: number | null;
  reason: string;
}

export interface Parsed {
  /** Null where the text is no object. */
  spec: JsonObject | null;
  faults: Fault[];
  /** Returns the line of what stands at a path, or of the nearest thing around it. */
  lineOf: (path: Path) => number | null;
}

/** Reads a document from YAML. Aliases are bounded, so that a short text cannot become a huge object. */
export function fromYaml(text: string, { noun, example }: DocumentKind): Parsed {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, uniqueKeys: true });
  const lineAt = (offset: number) => counter.linePos(offset).line;
  const faults: Fault[] = document.errors.map((error) => ({
    line: lineAt(error.pos[0]),
    reason: error.message,
  }));
  const lineOf = (path: Path) => nearest(document, path, lineAt);
  if (faults.length > 0) return { spec: null, faults, lineOf };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { spec: null, faults: [{ line: null, reason }], lineOf };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {
      spec: null,
      faults: [{ line: 1, reason: `A ${noun} is keys with values, such as ${example}.` }],
      lineOf,
    };
  }
  return { spec: value as JsonObject, faults: [], lineOf };
}

function nearest(document: Document.Parsed, path: Path, lineAt: (offset: number) => number): number | null {
  let node: unknown = document.contents;
  let line: number | null = null;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => String((item.key as { value?: unknown } | null)?.value) === String(step),
      );
      if (!pair) break;
      line = startOf(pair.key as Node, lineAt) ?? line;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (node === undefined) break;
      line = startOf(node as Node, lineAt) ?? line;
    } else break;
  }
  return line;
}

function startOf(node: Node | null, lineAt: (offset: number) => number): number | null {
  const start = node?.range?.[0];
  return start === undefined ? null : lineAt(start);
}

/** Reads a path as the conductor writes it: job.steps[2].command, params.date. */
export function pathOf(field: string): Path {
  return Array.from(field.matchAll(/([^.[\]]+)|\[(\d+)\]/g), ([, name, index]) =>
    index === undefined ? (name ?? '') : Number(index),
  );
}

/** Returns what stands at a path, or undefined. */
export function at(value: Json | undefined, path: Path): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path) {
    if (here === null || typeof here !== 'object') return undefined;
    here = Array.isArray(here) ? here[Number(step)] : here[step];
  }
  return here;
}

/** Returns an object in which something else stands at the path. Undefined removes it, and what is empty without it. */
export function put(value: JsonObject, path: Path, what: Json | undefined): JsonObject {
  return (putInto(value, path, what) ?? {}) as JsonObject;
}

function putInto(here: Json | undefined, path: Path, what: Json | undefined): Json | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return what;
  if (Array.isArray(here) || (here === undefined && typeof step === 'number')) {
    const list = [...((here as Json[] | undefined) ?? [])];
    const inner = putInto(list[Number(step)], rest, what);
    if (inner === undefined) list.splice(Number(step), 1);
    else list[Number(step)] = inner;
    return list.length === 0 && rest.length > 0 ? undefined : list;
  }
  const map: JsonObject = typeof here === 'object' && here !== null ? { ...here } : {};
  const inner = putInto(map[step], rest, what);
  if (inner === undefined) {
    const others = Object.fromEntries(Object.entries(map).filter(([key]) => key !== String(step)));
    return Object.keys(others).length === 0 ? undefined : others;
  }
  map[step] = inner;
  return map;
}

/** What was stored and is not said any more: in a merge patch those keys become null. */
export function mergePatch(before: JsonObject, after: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[key], after[key]];
    if (now === undefined) patch[key] = null;
    else if (isObject(old) && isObject(now)) {
      const inner = mergePatch(old, now);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (JSON.stringify(old) !== JSON.stringify(now)) patch[key] = now;
  }
  return patch;
}

/** Whether a value is an object with keys. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Makes the changes of a merge patch. */
export function patched(before: JsonObject, patch: JsonObject): JsonObject {
  const after: JsonObject = { ...before };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(after, key);
    else after[key] = isObject(value) ? patched(objectAt(before, key), value) : value;
  }
  return after;
}

function objectAt(value: JsonObject, key: string): JsonObject {
  const inner = value[key];
  return isObject(inner) ? inner : {};
}
