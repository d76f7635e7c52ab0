// Keeps a list of runs from jumping under who reads it: while they are within it the same rows stay where they are, each as
// it is now, and what would come in waits until they ask for it or leave.

import { useInfiniteQuery } from '@tanstack/react-query';
import type { InfiniteData } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { useReading, useScrolled } from '../../components/useReading';
import { runList } from '../../data/runList';
import type { RunFilter, RunPage } from '../../data/runList';
import type { Run } from '../../data/runs';

type RunPages = InfiniteData<RunPage, string>;

export interface Row {
  run: Run;
  /** True for what is not as it was asked for any more, such as a run that has ended in a list of those that have not. */
  gone: boolean;
}

/** What a list looked like when one began to read in it. */
interface Held {
  filter: string;
  pages: RunPages;
  runs: Run[];
  /** What was asked for since then is not before this instant. */
  until: string;
}

/** Returns the runs of a filter: live, and still while one reads in the part of the page that has the handlers of within. */
export function useSteadyRuns(filter: RunFilter) {
  const { reading: isWithin, within } = useReading();
  const scrolled = useScrolled();
  const reading = isWithin || scrolled;
  const [held, setHeld] = useState<Held | null>(null);
  const live = useInfiniteQuery(runList(filter));
  const runs = useMemo(() => flat(live.data), [live.data]);

  const asked = JSON.stringify(filter);
  const [newest] = runs;
  if (held && (!reading || held.filter !== asked)) setHeld(null);
  if (!held && reading && live.data && newest && !live.isPlaceholderData) {
    setHeld({ filter: asked, pages: live.data as RunPages, runs, until: justAfter(newest) });
  }

  // The same rows are asked for as they are now, however many have come above them meanwhile.
  const still = useInfiniteQuery({
    ...runList(held ? { ...filter, until: held.until } : filter),
    enabled: held !== null,
    ...(held && { initialData: held.pages }),
  });
  const rows = useMemo(
    () => (held ? stillRows(held.runs, flat(still.data), still.hasNextPage) : runs.map(asItIs)),
    [held, still.data, still.hasNextPage, runs],
  );
  const shown = held ? still : live;
  const count = held ? waiting(held.runs, runs) : 0;
  return {
    query: live,
    rows,
    within,
    held: held !== null,
    /** How many runs wait to come in, and whether there may be more of them than were read. */
    waiting: { count, more: count > 0 && count === runs.length && live.hasNextPage },
    /** Lets them in. The list is held anew, with them, where one still reads in it. */
    show: () => setHeld(null),
    older: shown.hasNextPage,
    loadingOlder: shown.isFetchingNextPage,
    showOlder: () => {
      void shown.fetchNextPage();
      // What was read further down stays on show when the list is live again.
      if (held) void live.fetchNextPage();
    },
  };
}

function flat(data: InfiniteData<RunPage> | undefined): Run[] {
  return data?.pages.flatMap((page) => page.runs) ?? [];
}

function asItIs(run: Run): Row {
  return { run, gone: false };
}

/** Runs that are asked for after the newest one are not before this instant, in whole milliseconds as ids have them. */
function justAfter(newest: Run): string {
  return new Date(newest.queuedAt.getTime() + 1).toISOString();
}

/** Returns the rows that are held, each as it is now, and the older ones that were read since. */
export function stillRows(held: readonly Run[], now: readonly Run[], more: boolean): Row[] {
  const fresh = new Map(now.map((run) => [run.id, run]));
  const oldest = held.at(-1)?.id ?? '';
  const read = now.at(-1)?.id ?? '';
  const rows = held.map((run) => {
    const as = fresh.get(run.id);
    // Ids sort by age: what is older than what was read may well be there.
    return { run: as ?? run, gone: as === undefined && (!more || run.id > read) };
  });
  return [...rows, ...now.filter(({ id }) => id < oldest).map(asItIs)];
}

/** Counts the runs that would stand among those that are held, or above them. */
export function waiting(held: readonly Run[], live: readonly Run[]): number {
  const known = new Set(held.map(({ id }) => id));
  const oldest = held.at(-1)?.id ?? '';
  return live.filter(({ id }) => id > oldest && !known.has(id)).length;
}
