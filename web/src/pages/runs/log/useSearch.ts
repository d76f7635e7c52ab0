import { useEffect, useMemo, useState } from 'react';

import type { LiveOutput } from '../../../data/useOutput';
import { finder, Search } from './search';
import type { Wanted } from './search';

export interface Found {
  /** Numbers of the lines that have the text, ascending; the same array as before while it grows. */
  lines: readonly number[];
  /** Returns the places in a line at which the text stands. */
  find: ((line: string) => [number, number][]) | null;
  /** Returns the place in lines of the first match at or after a line, from the beginning where there is none. */
  after: (number: number) => number;
  /** Whether all that has come so far was looked through. */
  complete: boolean;
  /** Why the text cannot be looked for, or null. */
  fault: string | null;
}

/** Looks for a text in the output, a slice at a time, and on as the output grows. An empty text finds nothing. */
export function useSearch(live: LiveOutput, wanted: Wanted): Found {
  const { output, grown } = live;
  const { text, pattern, exact } = wanted;
  const find = useMemo(() => finder({ text, pattern, exact }), [text, pattern, exact]);
  const search = useMemo(
    () => (text === '' || typeof find === 'string' ? null : new Search(output, find)),
    [text, find, output],
  );
  const [progress, setProgress] = useState({ search, steps: 0, complete: false });

  useEffect(() => {
    if (!search) return undefined;
    let timer: ReturnType<typeof setTimeout>;
    const step = () => {
      const complete = search.step();
      setProgress((before) => ({ search, steps: before.steps + 1, complete }));
      if (!complete) timer = setTimeout(step);
    };
    timer = setTimeout(step);
    return () => clearTimeout(timer);
  }, [search, grown]);

  return {
    lines: search?.lines ?? [],
    find: search?.find ?? null,
    after: (number) => search?.after(number) ?? 0,
    complete: search === null || (progress.search === search && progress.complete),
    fault: typeof find === 'string' ? find : null,
  };
}
