// Whether it can be told at all what is wrong.

import { useQueries } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';

import { failedRuns, lateRuns, unknownRuns, waitingRuns } from './runs';
import { servers } from './servers';
import { summary } from './summary';

/** Returns the first query that has failed and without whose answer nobody can tell what is wrong, or null. */
export function useUntold(): UseQueryResult | null {
  const asked: UseQueryResult[] = useQueries({
    queries: [servers, summary, unknownRuns, failedRuns, lateRuns, waitingRuns],
  });
  return asked.find(({ isError, data }) => isError && data === undefined) ?? null;
}
