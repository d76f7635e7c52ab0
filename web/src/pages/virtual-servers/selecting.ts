import { createContext, useCallback, useMemo, useState } from 'react';

export interface Selection {
  selected: ReadonlySet<string>;
  toggle: (name: string) => void;
  clear: () => void;
  /** Returns what moves together with a server: all that are selected if it is, else it alone. */
  with: (name: string) => string[];
}

const none: ReadonlySet<string> = new Set();

export const Selecting = createContext<Selection>({
  selected: none,
  toggle: () => undefined,
  clear: () => undefined,
  with: (name) => [name],
});

/** Keeps which servers are selected, so that several can be moved together. */
export function useSelection(): Selection {
  const [selected, setSelected] = useState(none);
  const toggle = useCallback((name: string) => {
    setSelected((before) => {
      const after = new Set(before);
      if (!after.delete(name)) after.add(name);
      return after;
    });
  }, []);
  const clear = useCallback(() => setSelected(none), []);
  return useMemo(
    () => ({
      selected,
      toggle,
      clear,
      with: (name: string) => (selected.has(name) ? [...selected] : [name]),
    }),
    [selected, toggle, clear],
  );
}
