import { useLocation, useRouter } from '@tanstack/react-router';
import { useState } from 'react';

import { useDrafts, useKeeping } from './drafts';
import type { Drafts } from './drafts';

/** What a form keeps while nobody is signed in. S is what is stored, D what the form makes of it. */
interface Kept<S, D> {
  before: S | null;
  draft: D;
}

/** What a form works on. */
interface Draft<S, D> {
  /** What is edited, as it was when one began: what others change meanwhile is not overwritten. Null for a new one. */
  before: S | null;
  draft: D;
  setDraft: (change: D | ((old: D) => D)) => void;
  /** Whether there is something to save. */
  changed: boolean;
  /** Begins anew with what is stored now. */
  begin: (stored: S) => void;
}

interface Begin<S, D> {
  stored: S | null;
  /** What a new one begins as. */
  empty: D;
  /** Takes out of a draft what nobody may find who signs in next, such as a secret. */
  safe?: (draft: D) => D;
}

/**
 * The draft of a form. What is not saved when the session ends is here again once one has signed in at the same address.
 * The word, such as "channel", names the form among those of the address.
 */
export function useDraft<S extends D, D>(word: string, { stored, empty, safe }: Begin<S, D>): Draft<S, D> {
  const { href } = useLocation();
  const place = placeOf(href, word);
  const kept = keptAt<S, D>(useDrafts(), place);
  const [before, setBefore] = useState(kept ? kept.before : stored);
  const [draft, setDraft] = useState<D>(kept ? kept.draft : (stored ?? empty));
  const changed = JSON.stringify(draft) !== JSON.stringify(before ?? empty);
  useKeeping(place, changed ? { before, draft: safe ? safe(draft) : draft } : null);
  const begin = (now: S) => {
    setBefore(now);
    setDraft(now);
  };
  return { before, draft, setDraft, changed, begin };
}

/**
 * What the drawer or the dialog around a form of that word shows: one that is stored, null for a new one, undefined for
 * none. It is open from the beginning where the session had ended over it. The address is read once, so that a list may
 * have one for each of its rows.
 */
export function useOpened<S>(word: string): [opened: S | null | undefined, open: (item?: S | null) => void] {
  const router = useRouter();
  const drafts = useDrafts();
  return useState(() => keptAt<S, unknown>(drafts, placeOf(router.state.location.href, word))?.before);
}

const placeOf = (href: string, word: string) => `${href} ${word}`;

function keptAt<S, D>(drafts: Drafts, place: string): Kept<S, D> | undefined {
  return drafts.find(place) as Kept<S, D> | undefined;
}
