// What the processes of a run used while it ran.

import { queryOptions } from '@tanstack/react-query';

import { get, part } from './api';
import { milliseconds } from './instants';
import type { WirePage, WireRunLoadPoint } from './wire';

export interface Usage {
  attempt: number;
  /** Beginning and end of the stretch of time that it is of. */
  from: number;
  to: number;
  /** Cores, on average. */
  cpu: number;
  /** Bytes, at most. */
  memory: number;
  processes: number;
}

export function usageOf(w: WireRunLoadPoint): Usage {
  const to = Date.parse(w.at);
  return {
    attempt: w.attempt,
    from: to - (milliseconds(w.length) || 0),
    to,
    cpu: w.cpu,
    memory: w.memory,
    processes: w.processes,
  };
}

export const runLoad = (id: string, live: boolean) =>
  queryOptions({
    queryKey: ['run', id, 'load'],
    queryFn: async ({ signal }) =>
      (await get<WirePage<WireRunLoadPoint>>(`/runs/${part(id)}/load`, signal)).items.map(usageOf),
    // Points come with heartbeats, which are no events.
    refetchInterval: live ? 5_000 : false,
  });
