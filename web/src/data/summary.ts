// How much runs and what a person should look at, counted by the conductor: true however much there is.

import { queryOptions } from '@tanstack/react-query';

import { get } from './api';
import { instant } from './instants';
import type { ServerState } from './states';
import type { WireSummary } from './wire';

export interface Minute {
  /** When the minute began. */
  at: Date;
  succeeded: number;
  /** Ended otherwise than well. */
  failed: number;
  /** Not ended yet. */
  open: number;
}

export interface Summary {
  queued: number;
  unknown: number;
  oldestQueuedAt: Date | null;
  /** Queued runs that were asked for more than a minute ago and are not late. */
  waitLong: number;
  /** Runs that did not start or end by when they were expected to. */
  late: number;
  /** Of the last day. */
  failed: number;
  /** Triggers that are paused by themselves. */
  pausedTriggers: number;
  /** Pauses of all triggers of a task, of a plan, or of everything. */
  pauses: number;
  /** Notifications that were given up and are kept for somebody to look at. */
  deadDeliveries: number;
  /** Job servers by state; each is in one of them. */
  servers: Record<ServerState, number>;
  /** The last half hour, the present minute last. */
  minutes: Minute[];
}

export function summaryOf(wire: WireSummary): Summary {
  return {
    queued: wire.open_runs.queued,
    unknown: wire.open_runs.unknown,
    oldestQueuedAt: instant(wire.oldest_queued_at),
    waitLong: wire.wait_long,
    late: wire.late,
    failed: wire.failed,
    pausedTriggers: wire.paused_triggers,
    pauses: wire.pauses,
    deadDeliveries: wire.dead_deliveries,
    servers: wire.servers,
    minutes: wire.minutes.map(({ at, succeeded, unsuccessful, open }) => ({
      at: new Date(at),
      succeeded,
      failed: unsuccessful,
      open,
    })),
  };
}

/** Time passes without an event, so that it is asked for anew. */
export const summary = queryOptions({
  queryKey: ['summary'],
  queryFn: async ({ signal }) => summaryOf(await get<WireSummary>('/summary', signal)),
  refetchInterval: 15_000,
});
