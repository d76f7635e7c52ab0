// What the conductor says of itself.

import { queryOptions } from '@tanstack/react-query';

import { get } from './api';

export interface About {
  version: string;
}

/** Read from the description of the API, which has the conductor's version. */
export const about = queryOptions({
  queryKey: ['about'],
  queryFn: async ({ signal }): Promise<About> => {
    const { info } = await get<{ info: { version: string } }>('/openapi.json', signal);
    return { version: info.version };
  },
});
