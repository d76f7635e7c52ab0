// Runs that failed, timed out or were lost, with what each can be taken up from.

import { infiniteQueryOptions } from '@tanstack/react-query';

import { get } from './api';
import { checkpointOf } from './checkpoints';
import type { Checkpoint } from './checkpoints';
import { runOf } from './runs';
import type { Run } from './runs';
import type { WirePage, WireRecoverable } from './wire';

export interface Recoverable {
  run: Run;
  /** Oldest first. */
  checkpoints: Checkpoint[];
}

export interface RecoverablePage {
  runs: Recoverable[];
  next: string | null;
}

export const recoverable = (task: string) =>
  infiniteQueryOptions({
    queryKey: ['recoverable', task],
    initialPageParam: '',
    queryFn: async ({ pageParam, signal }): Promise<RecoverablePage> => {
      const query = new URLSearchParams({ limit: '50' });
      if (task !== '') query.set('task', task);
      if (pageParam !== '') query.set('cursor', pageParam);
      const page = await get<WirePage<WireRecoverable>>(`/recoverable-runs?${query.toString()}`, signal);
      return {
        runs: page.items.map((w) => ({ run: runOf(w.run), checkpoints: w.checkpoints.map(checkpointOf) })),
        next: page.next_cursor,
      };
    },
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
  });
