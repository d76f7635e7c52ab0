import { useId, useLayoutEffect, useSyncExternalStore } from 'react';

/** The dialogs that are open, the lowest first. */
let open: readonly { id: string }[] = [];
const watchers = new Set<() => void>();

function change(to: typeof open): void {
  open = to;
  for (const tell of watchers) tell();
}

function watch(tell: () => void): () => void {
  watchers.add(tell);
  return () => watchers.delete(tell);
}

/** Tells a dialog whether no other one was opened over it. */
export function useTopmost(opened: boolean): boolean {
  const id = useId();
  useLayoutEffect(() => {
    if (!opened) return undefined;
    const own = { id };
    change([...open, own]);
    // The key that has closed this one is not to reach the next one below.
    return () => void setTimeout(() => change(open.filter((other) => other !== own)));
  }, [opened, id]);
  return useSyncExternalStore(watch, () => open.at(-1)?.id === id);
}
