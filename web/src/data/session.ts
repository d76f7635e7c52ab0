import { queryOptions } from '@tanstack/react-query';

import { get } from './api';
import type { WireSession } from './wire';

/** Who is signed in. */
export const session = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => get<WireSession>('/session', signal),
  retry: false,
  staleTime: Infinity,
});
