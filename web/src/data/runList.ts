// Lists of runs: filtered, newest first, read a page at a time.

import { infiniteQueryOptions } from '@tanstack/react-query';

import { get } from './api';
import { wireInstant } from './instants';
import { runOf } from './runs';
import type { Run } from './runs';
import type { WirePage, WireRun } from './wire';

/** What a list of runs is filtered by. Empty values choose all. */
export interface RunFilter {
  q: string;
  task: string;
  state: string[];
  cause: string[];
  server: string;
  virtual_server: string;
  /** Instants as the wire has them, or lengths of time back from now, such as "24h". */
  since: string;
  until: string;
  /** "true" for those alone that did not start or end by when they were expected to, and have not ended. */
  late: string;
}

/** Whether a filter leaves anything out. */
export function filters(filter: RunFilter): boolean {
  return Object.values(filter as unknown as Record<string, string | string[]>).some(
    (value) => value.length > 0,
  );
}

export interface RunPage {
  runs: Run[];
  next: string | null;
}

const pageSize = 50;
/** Progress is no event, so lists of what runs are asked for again so often. */
const progressMs = 5_000;

/** Returns the query of a filter as the conductor takes it. */
export function queryOf(filter: RunFilter, now: number): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filter) as [string, string | string[]][]) {
    const text = Array.isArray(value) ? value.join(',') : value.trim();
    if (text !== '') query.set(name, name === 'since' || name === 'until' ? wireInstant(text, now) : text);
  }
  return query;
}

export const runList = (filter: RunFilter) =>
  infiniteQueryOptions({
    queryKey: ['runs', 'list', filter],
    initialPageParam: '',
    queryFn: async ({ pageParam, signal }): Promise<RunPage> => {
      const query = queryOf(filter, Date.now());
      query.set('limit', String(pageSize));
      if (pageParam !== '') query.set('cursor', pageParam);
      const page = await get<WirePage<WireRun>>(`/runs?${query.toString()}`, signal);
      return { runs: page.items.map(runOf), next: page.next_cursor };
    },
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.runs.some((run) => run.progress !== null && run.endedAt === null))
        ? progressMs
        : false,
  });
