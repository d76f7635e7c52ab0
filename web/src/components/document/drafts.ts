// What was being edited when a session ended, until one has signed in again.

import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useRef } from 'react';

import { session } from '../../data/session';
import { done } from '../notices';

/**
 * Documents and forms with changes that are not saved, by their places: the addresses of their pages, and what else tells
 * them apart there. They are in the memory of this tab and nowhere else, so closing it ends them; who signs out leaves none
 * to the next.
 */
export class Drafts {
  readonly #kept = new Map<string, unknown>();
  #left = false;

  /** Keeps a draft for the place; not once one has signed out. */
  keep(place: string, draft: unknown): void {
    if (!this.#left) this.#kept.set(place, draft);
  }

  /** Returns what was kept for the place, which is what the one editor of that place keeps; undefined for nothing. */
  find(place: string): unknown {
    return this.#kept.get(place);
  }

  /** The editor of the place is on show: what was kept for it is in use. */
  opened(place: string): void {
    this.#left = false;
    this.#kept.delete(place);
  }

  /** Forgets all, and keeps nothing of what is on show: one signs out. */
  forget(): void {
    this.#left = true;
    this.#kept.clear();
  }
}

export const DraftsOfTab = createContext(new Drafts());

export function useDrafts(): Drafts {
  return useContext(DraftsOfTab);
}

/**
 * Keeps for the place what is not saved, null for nothing, where the session ends under it; and says so where that has
 * happened. Whoever calls this has taken up before, at its first rendering, what was found for the place.
 */
export function useKeeping(place: string, unsaved: unknown): void {
  const drafts = useDrafts();
  const queries = useQueryClient();
  const latest = useRef({ place, unsaved });
  latest.current = { place, unsaved };
  useEffect(() => {
    const { place } = latest.current;
    if (drafts.find(place) !== undefined) done('What you had changed is still here. It is not saved yet.');
    drafts.opened(place);
    return () => {
      const { place, unsaved } = latest.current;
      const signedIn = queries.getQueryState(session.queryKey)?.status === 'success';
      if (!signedIn && unsaved !== null) drafts.keep(place, unsaved);
    };
  }, [drafts, queries]);
}
