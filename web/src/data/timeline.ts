// Where and when attempts ran, and what is still to come.

import { queryOptions } from '@tanstack/react-query';

import { get } from './api';
import { attemptStates, oneOf } from './states';
import type { AttemptState } from './states';
import type { WireForecast, WirePage, WireSpan } from './wire';

export interface Span {
  run: string;
  attempt: number;
  task: string;
  server: string;
  state: AttemptState;
  /** Milliseconds since 1970; to is null while it is open. */
  from: number;
  to: number | null;
}

export interface Forecast {
  /** The task or plan that the trigger starts. */
  owner: string;
  trigger: string;
  at: number;
  /** The zone of the trigger. */
  zone: string;
}

export function spanOf(w: WireSpan): Span {
  return {
    run: w.run,
    attempt: w.attempt,
    task: w.task,
    server: w.server,
    state: oneOf(attemptStates, w.state, 'unknown'),
    from: Date.parse(w.from),
    to: w.to === null ? null : Date.parse(w.to),
  };
}

export function forecastOf(w: WireForecast): Forecast {
  return { owner: w.task ?? w.plan ?? '', trigger: w.trigger, at: Date.parse(w.due_at), zone: w.timezone };
}

/** So many spans are read at most; a longer stretch of time shows the newest. */
export const mostSpans = 20_000;
const atOnce = 5000;
/** Many spans are read less often. */
const manySpans = 3000;

/** The spans that touch a stretch of time. live says whether the stretch reaches into the present. */
export const spans = (from: number, to: number, live: boolean) =>
  queryOptions({
    queryKey: ['timeline', from, to],
    queryFn: async ({ signal }) => {
      const all: Span[] = [];
      const stretch = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
      let cursor = '';
      do {
        const path = `/timeline?${stretch}&limit=${atOnce}${cursor}`;
        const page = await get<WirePage<WireSpan>>(path, signal);
        all.push(...page.items.map(spanOf));
        cursor = page.next_cursor === null ? '' : `&cursor=${encodeURIComponent(page.next_cursor)}`;
      } while (cursor !== '' && all.length < mostSpans);
      return all;
    },
    // Not by events: a busy fleet would have it read without end.
    refetchInterval: ({ state }) => (live ? ((state.data?.length ?? 0) > manySpans ? 15_000 : 5_000) : false),
    placeholderData: (before) => before,
    structuralSharing: false,
  });

/** Occurrences of triggers up to an instant, soonest first. */
export const forecast = (until: number) =>
  queryOptions({
    queryKey: ['occurrences', 'forecast', until],
    queryFn: async ({ signal }) => {
      const path = `/forecast?limit=500&until=${new Date(until).toISOString()}`;
      return (await get<WirePage<WireForecast>>(path, signal)).items.map(forecastOf);
    },
    placeholderData: (before) => before,
  });
