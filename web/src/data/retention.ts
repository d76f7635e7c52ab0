// For how long what has ended is kept.

import { queryOptions } from '@tanstack/react-query';

import { get, send } from './api';
import { milliseconds } from './instants';
import type { WireRetention } from './wire';

/** How long something is kept, in seconds; 0 is without limit. */
export interface RetentionDraft {
  /** How many of the newest are kept, of each task and plan; 0 is without limit. */
  runs: number;
  logRuns: number;
  checkpointRuns: number;
  occurrences: number;
  age: number;
  logAge: number;
  checkpointAge: number;
  eventAge: number;
  occurrenceAge: number;
}

export interface Retention extends RetentionDraft {
  version: number;
}

export function retentionOf(wire: WireRetention): Retention {
  return {
    runs: wire.runs,
    logRuns: wire.log_runs,
    checkpointRuns: wire.checkpoint_runs,
    occurrences: wire.occurrences,
    age: seconds(wire.age),
    logAge: seconds(wire.log_age),
    checkpointAge: seconds(wire.checkpoint_age),
    eventAge: seconds(wire.event_age),
    occurrenceAge: seconds(wire.occurrence_age),
    version: wire.version,
  };
}

function seconds(text: string): number {
  return milliseconds(text) / 1000;
}

export const retention = queryOptions({
  queryKey: ['retention'],
  queryFn: async ({ signal }) => retentionOf(await get<WireRetention>('/settings/retention', signal)),
});

/** Changes the settings if they are still as they were read. */
export async function editRetention(before: Retention, draft: RetentionDraft): Promise<Retention> {
  const body = {
    runs: draft.runs,
    log_runs: draft.logRuns,
    checkpoint_runs: draft.checkpointRuns,
    occurrences: draft.occurrences,
    age: `${draft.age}s`,
    log_age: `${draft.logAge}s`,
    checkpoint_age: `${draft.checkpointAge}s`,
    event_age: `${draft.eventAge}s`,
    occurrence_age: `${draft.occurrenceAge}s`,
  };
  const path = '/settings/retention';
  return retentionOf(await send<WireRetention>('PATCH', path, { body, version: before.version }));
}
