// What happened, as the conductor has written it down.

import { queryOptions } from '@tanstack/react-query';

import { get } from './api';
import type { WireEvent, WirePage } from './wire';

export interface Happening {
  id: number;
  at: Date;
  /** A word such as "server.online". */
  kind: string;
  subject: string;
  task: string | null;
  reason: string;
}

export function happeningOf(w: WireEvent): Happening {
  return {
    id: w.id,
    at: new Date(w.at),
    kind: w.kind,
    subject: w.subject,
    task: w.task ?? null,
    reason: w.reason ?? '',
  };
}

/** The newest events about one thing, the newest first. */
export const historyOf = (subject: string) =>
  queryOptions({
    queryKey: ['events', subject],
    queryFn: async ({ signal }) => {
      const path = `/events?newest=true&limit=50&subject=${encodeURIComponent(subject)}`;
      return (await get<WirePage<WireEvent>>(path, signal)).items.map(happeningOf);
    },
  });
