import { queryOptions } from '@tanstack/react-query';

import { getAll } from './api';
import type { WireTask } from './wire';

/** The names of all tasks. */
export const taskNames = queryOptions({
  queryKey: ['tasks', 'names'],
  queryFn: async ({ signal }) => (await getAll<WireTask>('/tasks', signal)).map(({ name }) => name),
});
