// Keeps a list from jumping under who reads it: while they are within it, what is new waits above until they ask for it.

import { useEffect, useRef, useState } from 'react';

import type { Run } from '../../data/runs';

/** Returns the runs to show, in their order, and how many newer ones wait. */
export function steady(all: readonly Run[], newestShown: string | null): { shown: Run[]; waiting: number } {
  // Ids sort by age: what is newer than the newest that was shown has come since.
  if (newestShown === null) return { shown: [...all], waiting: 0 };
  const shown = all.filter((run) => run.id <= newestShown);
  return { shown, waiting: all.length - shown.length };
}

/** So many pixels from the top one is taken to read within the list. */
const within = 120;

/** Holds a list steady while one has scrolled down. show lets the new ones in. */
export function useSteady(
  all: readonly Run[],
  key: string,
): { shown: Run[]; waiting: number; show: () => void } {
  const [held, setHeld] = useState<string | null>(null);
  const newest = useRef<string | null>(null);
  newest.current = all[0]?.id ?? null;

  useEffect(() => {
    const scrolled = () => {
      setHeld((before) => (window.scrollY <= within ? null : (before ?? newest.current)));
    };
    window.addEventListener('scroll', scrolled, { passive: true });
    return () => window.removeEventListener('scroll', scrolled);
  }, []);
  // Another filter is another list.
  useEffect(() => setHeld(null), [key]);

  const { shown, waiting } = steady(all, held);
  const show = () => {
    setHeld(null);
    window.scrollTo({ top: 0 });
  };
  return { shown, waiting, show };
}
