import { useLocation } from '@tanstack/react-router';
import { useState } from 'react';

import { fromYaml, put } from './document';
import type { DocumentKind, Json, JsonObject, Parsed, Path } from './document';
import { begun, edited, heard, isChanged, rebased, taken, undone, written } from './documentState';
import type { DocumentState, Stored } from './documentState';
import { useDrafts, useKeeping } from './drafts';

export interface EditedDocument extends DocumentState {
  /** Whether there is something to save. */
  changed: boolean;
  setAt: (path: Path, value: Json | undefined) => void;
  /** Makes a change of the whole. */
  change: (make: (spec: JsonObject) => JsonObject) => void;
  setText: (text: string) => void;
  /** Takes the last change back; null where there is none. */
  undo: (() => void) | null;
  /** Goes back to what is stored, which can be undone too. */
  discard: () => void;
  /** Takes what somebody else has stored, or puts the changes made here onto it. */
  takeNewer: () => void;
  rebase: () => void;
  /** Begins anew with what was saved. */
  saved: (stored: Stored) => void;
  lineOf: Parsed['lineOf'];
}

/**
 * One document, changed by a form and by YAML: whatever changes one shows in the other. Hears of what is stored meanwhile.
 * What is not saved when the session ends is here again once one has signed in at the same address.
 */
export function useDocument(kind: DocumentKind, stored: Stored): EditedDocument {
  const { href } = useLocation();
  const drafts = useDrafts();
  const [kept, setState] = useState(
    () => (drafts.find(href) as DocumentState | undefined) ?? begun(kind, stored),
  );
  const state = heard(kept, stored);
  if (state !== kept) setState(state);
  useKeeping(href, isChanged(state) ? state : null);
  return {
    ...state,
    changed: isChanged(state),
    setAt: (path, value) =>
      setState((before) => edited(before, put(before.spec, path, value), path.join('\n'))),
    change: (make) => setState((before) => edited(before, make(before.spec))),
    setText: (text) => setState((before) => written(before, text)),
    undo: state.past.length === 0 ? null : () => setState(undone),
    discard: () => setState((before) => edited(before, before.base.spec)),
    takeNewer: () => setState(taken),
    rebase: () => setState(rebased),
    saved: (now) => setState((before) => ({ ...begun(kind, now), heard: before.heard })),
    lineOf: (path) => fromYaml(state.text, kind).lineOf(path),
  };
}
