// What was being edited when a session ended, until one has signed in again.

import { createContext, useContext } from 'react';

import type { DocumentState } from './documentState';

/**
 * Documents with changes that are not saved, by the addresses of their pages. They are in the memory of this tab and nowhere
 * else, so closing it ends them; who signs out leaves none to the next.
 */
export class Drafts {
  readonly #kept = new Map<string, DocumentState>();
  #left = false;

  /** Keeps a document for the address; not once one has signed out. */
  keep(address: string, draft: DocumentState): void {
    if (!this.#left) this.#kept.set(address, draft);
  }

  /** Returns what was kept for the address. */
  find(address: string): DocumentState | undefined {
    return this.#kept.get(address);
  }

  /** A document is on show at the address: what was kept for it is in use. */
  opened(address: string): void {
    this.#left = false;
    this.#kept.delete(address);
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
