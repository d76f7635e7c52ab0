// How much runs, minute by minute.

import { queryOptions } from '@tanstack/react-query';

import { get } from './api';
import { runOf } from './runs';
import type { Run } from './runs';
import { hasEnded } from './states';
import type { WirePage, WireRun } from './wire';

export interface Minute {
  /** When the minute began. */
  at: number;
  succeeded: number;
  /** Ended otherwise than well. */
  failed: number;
  /** Not ended yet. */
  open: number;
}

export const activityMinutes = 30;
const minuteMs = 60_000;

/** Counts runs by the minute in which they were asked for, over the last minutes; the present one last. */
export function minutesOf(
  runs: readonly Pick<Run, 'queuedAt' | 'state'>[],
  now: number,
  count = activityMinutes,
): Minute[] {
  const last = Math.floor(now / minuteMs);
  const minutes = Array.from({ length: count }, (_, i): Minute => ({
    at: (last - count + 1 + i) * minuteMs,
    succeeded: 0,
    failed: 0,
    open: 0,
  }));
  for (const { queuedAt, state } of runs) {
    const minute = minutes[Math.floor(queuedAt.getTime() / minuteMs) - last + count - 1];
    if (!minute) continue;
    if (!hasEnded(state)) minute.open++;
    else if (state === 'succeeded') minute.succeeded++;
    else minute.failed++;
  }
  return minutes;
}

export interface Activity {
  minutes: Minute[];
  /** True where more ran than was read; the oldest minutes are missing then. */
  more: boolean;
}

/** The runs of the last half hour by minute, as far as the newest five hundred tell. */
export const activity = queryOptions({
  queryKey: ['runs', 'activity'],
  queryFn: async ({ signal }): Promise<Activity> => {
    const now = Date.now();
    const since = new Date(now - activityMinutes * minuteMs).toISOString();
    const page = await get<WirePage<WireRun>>(`/runs?limit=500&since=${since}`, signal);
    return { minutes: minutesOf(page.items.map(runOf), now), more: page.next_cursor !== null };
  },
  refetchInterval: 15_000,
});
