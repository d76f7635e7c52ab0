// What is being carried, by pointer or by keyboard, and what it is held over. Only the group that it is held over and the
// servers that are carried are drawn anew while it moves: hence a store of its own.

import { createContext, useContext, useSyncExternalStore } from 'react';

/** The name under which "out of its group" is a place to drop. */
export const outside = ':outside';

export interface Over {
  /** The name of a group, or outside. */
  group: string;
  /** The place among the members; null for the end. */
  position: number | null;
}

export interface Carried {
  servers: string[];
  /** The group that they were taken up in; null for the list of all servers. */
  from: string | null;
  by: 'pointer' | 'keyboard';
  over: Over | null;
  /** How far right of its left edge a pointer took hold of it, in pixels. */
  grip: number;
}

export class CarryStore {
  private carried: Carried | null = null;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): Carried | null => this.carried;

  lift(
    servers: string[],
    from: string | null,
    by: Carried['by'],
    { over = null, grip = 0 }: Partial<Pick<Carried, 'over' | 'grip'>> = {},
  ): void {
    this.set({ servers, from, by, over, grip });
  }

  hold(over: Over | null): void {
    const now = this.carried;
    if (!now || (now.over?.group === over?.group && now.over?.position === over?.position)) return;
    this.set({ ...now, over });
  }

  /** Ends the carrying and returns what was carried. */
  end(): Carried | null {
    const { carried } = this;
    if (carried) this.set(null);
    return carried;
  }

  private set(carried: Carried | null): void {
    this.carried = carried;
    for (const listener of this.listeners) listener();
  }
}

export const Carrying = createContext(new CarryStore());

/** Returns what a question about the carried is answered with. The answer must be a plain value, or stay the same one. */
export function useCarry<T>(ask: (carried: Carried | null) => T): T {
  const store = useContext(Carrying);
  return useSyncExternalStore(store.subscribe, () => ask(store.get()));
}

/** Returns the element on which servers are dropped for a group. */
export function dropPlace(group: string): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLElement>('[data-drop]')].find(
    ({ dataset }) => dataset.drop === group,
  );
}
