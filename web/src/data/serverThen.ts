// How a server was when an attempt ended there: what it had to carry, and what else ran.

import { queryOptions } from '@tanstack/react-query';

import { get, part } from './api';
import { spanOf } from './timeline';
import type { Span } from './timeline';
import type { WireLoadPoint, WirePage, WireSpan } from './wire';

export interface ServerThen {
  /** The newest figures from before the end; null where there are none, or none any more. */
  figures: Figures | null;
  /** The attempts that ran there at the end, at most 100. */
  spans: Span[];
}

export interface Figures {
  at: Date;
  /** Milliseconds that the figures are the mean of: seconds at first, minutes after an hour, ten after a day. */
  meanOfMs: number;
  /** Shares in use, 0 to 1. */
  cpu: number;
  memory: number;
  disk: number;
  load1: number;
}

/** A server that fell silent was measured some time before its attempts were over. */
const backMs = 20 * 60_000;

export const serverThen = (server: string, end: Date) =>
  queryOptions({
    queryKey: ['server-then', server, end.toISOString()],
    queryFn: async ({ signal }): Promise<ServerThen> => {
      const at = (offset: number) => new Date(end.getTime() + offset).toISOString();
      const [load, timeline] = await Promise.all([
        get<WirePage<WireLoadPoint>>(`/servers/${part(server)}/load?from=${at(-backMs)}&to=${at(1)}`, signal),
        get<WirePage<WireSpan>>(
          `/timeline?server=${encodeURIComponent(server)}&from=${at(-1)}&to=${at(1)}&limit=100`,
          signal,
        ),
      ]);
      const last = load.items.at(-1);
      return {
        figures: last
          ? {
              at: new Date(last.at),
              meanOfMs: last.span_seconds * 1000,
              cpu: last.cpu,
              memory: last.memory,
              disk: last.disk,
              load1: last.load1,
            }
          : null,
        spans: timeline.items.map(spanOf),
      };
    },
    // What was does not change, but for the attempts that it was last seen with.
    staleTime: 60_000,
  });
