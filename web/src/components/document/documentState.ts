// What a document is and was while somebody edits it, as a value: what it began as, what it has become, the way back, and
// what somebody else has stored meanwhile.

import { fromYaml, mergePatch, patched, toYaml } from './document';
import type { DocumentKind, Fault, JsonObject } from './document';

/** A document as the conductor has it. */
export interface Stored {
  spec: JsonObject;
  /** Null for one that is not stored yet. */
  version: number | null;
}

export interface DocumentState {
  kind: DocumentKind;
  /** What the edit began with. A save is refused if something else is stored by then. */
  base: Stored;
  /** What somebody else has stored since, if this one was changed before that was heard of. */
  newer: Stored | null;
  /** The version that was last heard of. */
  heard: number | null;
  /** The document as it stands; while the YAML cannot be read, as it last stood. */
  spec: JsonObject;
  text: string;
  /** Why the YAML cannot be read. */
  faults: Fault[];
  /** What it was before each change, the last change at the end. */
  past: readonly JsonObject[];
  /** Names the last change: changes of one name, such as the letters of a word, are taken back together. */
  last: string;
}

/** How many changes can be taken back. */
const mostPast = 100;

export function begun(kind: DocumentKind, stored: Stored): DocumentState {
  const { spec, version } = stored;
  const text = toYaml(spec, kind);
  return { kind, base: stored, newer: null, heard: version, spec, text, faults: [], past: [], last: '' };
}

/** Whether there is something to save, or to lose. */
export function isChanged({ base, spec, faults }: DocumentState): boolean {
  return faults.length > 0 || Object.keys(mergePatch(base.spec, spec)).length > 0;
}

/** Makes a change. Changes that follow each other under one name are one; those without a name stand for themselves. */
export function edited(before: DocumentState, spec: JsonObject, name = ''): DocumentState {
  return { ...remembered(before, name), spec, text: toYaml(spec, before.kind), faults: [] };
}

/** Takes what was written as YAML, right or wrong. */
export function written(before: DocumentState, text: string): DocumentState {
  const { spec, faults } = fromYaml(text, before.kind);
  return { ...remembered(before, 'yaml'), spec: spec ?? before.spec, text, faults };
}

function remembered(before: DocumentState, name: string): DocumentState {
  if (name !== '' && name === before.last) return before;
  return { ...before, past: [...before.past, before.spec].slice(-mostPast), last: name };
}

/** Takes the last change back. */
export function undone(before: DocumentState): DocumentState {
  const spec = before.past.at(-1);
  if (!spec) return before;
  const text = toYaml(spec, before.kind);
  return { ...before, spec, text, faults: [], past: before.past.slice(0, -1), last: '' };
}

/** Hears of what is stored now. Where nothing was changed here it is taken; else it stands beside until one chooses. */
export function heard(before: DocumentState, stored: Stored): DocumentState {
  if (stored.version === before.heard) return before;
  const now = { ...before, heard: stored.version };
  if (stored.version === before.base.version) return now;
  return isChanged(before) ? { ...now, newer: stored } : begun(before.kind, stored);
}

/** Begins anew with what somebody else has stored. The changes made here can still be had by undoing. */
export function taken(before: DocumentState): DocumentState {
  if (!before.newer) return before;
  const now = begun(before.kind, before.newer);
  return { ...now, past: [...before.past, before.spec].slice(-mostPast) };
}

/** Makes the changes made here to what somebody else has stored. */
export function rebased(before: DocumentState): DocumentState {
  if (!before.newer) return before;
  const spec = patched(before.newer.spec, mergePatch(before.base.spec, before.spec));
  return { ...edited(before, spec), base: before.newer, newer: null };
}

/** Which keys were changed both here and by who has stored the newer one. */
export function changedByBoth({ base, newer, spec }: DocumentState): string[] {
  if (!newer) return [];
  const mine = mergePatch(base.spec, spec);
  return Object.keys(mergePatch(base.spec, newer.spec)).filter((key) => key in mine);
}
