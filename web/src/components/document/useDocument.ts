import { useQueryClient } from '@tanstack/react-query';
import { useLocation } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

import { session } from '../../data/session';
import { done } from '../notices';
import { fromYaml, put } from './document';
import type { DocumentKind, Json, JsonObject, Parsed, Path } from './document';
import { begun, edited, heard, isChanged, rebased, taken, undone, written } from './documentState';
import type { DocumentState, Stored } from './documentState';
import { useDrafts } from './drafts';

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
  const [kept, setState] = useState(() => drafts.find(href) ?? begun(kind, stored));
  const state = heard(kept, stored);
  if (state !== kept) setState(state);
  useKept(state, href);
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

/** Keeps the document where the session ends under it, and says so where that has happened. */
function useKept(state: DocumentState, address: string): void {
  const drafts = useDrafts();
  const queries = useQueryClient();
  const latest = useRef({ state, address });
  latest.current = { state, address };
  useEffect(() => {
    const { address } = latest.current;
    if (drafts.find(address)) done('What you had changed is still here. It is not saved yet.');
    drafts.opened(address);
    return () => {
      const { state, address } = latest.current;
      const signedIn = queries.getQueryState(session.queryKey)?.status === 'success';
      if (!signedIn && isChanged(state)) drafts.keep(address, state);
    };
  }, [drafts, queries]);
}
