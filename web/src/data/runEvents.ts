// The history of a run.

import { queryOptions } from '@tanstack/react-query';

import { getAll, part } from './api';
import type { WireEvent } from './wire';

export interface Happening {
  id: number;
  at: Date;
  /** A word such as "run.running". */
  kind: string;
  attempt: number | null;
  from: string | null;
  to: string | null;
  reason: string;
}

export function happeningOf(w: WireEvent): Happening {
  return {
    id: w.id,
    at: new Date(w.at),
    kind: w.kind,
    attempt: w.attempt ?? null,
    from: w.from ?? null,
    to: w.to ?? null,
    reason: w.reason ?? '',
  };
}

export const runEvents = (id: string) =>
  queryOptions({
    queryKey: ['run', id, 'events'],
    queryFn: async ({ signal }) =>
      (await getAll<WireEvent>(`/runs/${part(id)}/events`, signal)).map(happeningOf),
  });
