// What is asked of the conductor, under which key it is kept, and how fresh it is held.

import { queryOptions } from '@tanstack/react-query';

import { get } from './api';
import { runOf, serverOf, virtualServerOf } from './model';
import type { WirePage, WireRun, WireServer, WireSession, WireVirtualServer } from './wire';

/** Load samples come with heartbeats, which are no events; everything else is asked for again when an event says so. */
const sampleMs = 5_000;

export const session = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => get<WireSession>('/session', signal),
  retry: false,
  staleTime: Infinity,
});

export const servers = queryOptions({
  queryKey: ['servers'],
  queryFn: async ({ signal }) =>
    (await get<WirePage<WireServer>>('/servers?limit=500', signal)).items.map(serverOf),
  refetchInterval: sampleMs,
});

export const virtualServers = queryOptions({
  queryKey: ['virtual-servers'],
  queryFn: async ({ signal }) =>
    (await get<WirePage<WireVirtualServer>>('/virtual-servers?limit=500', signal)).items.map(virtualServerOf),
});

export const newestRuns = queryOptions({
  queryKey: ['runs'],
  queryFn: async ({ signal }) => (await get<WirePage<WireRun>>('/runs?limit=25', signal)).items.map(runOf),
});

export const run = (id: string) =>
  queryOptions({
    queryKey: ['run', id],
    queryFn: async ({ signal }) => runOf(await get<WireRun>(`/runs/${encodeURIComponent(id)}`, signal)),
  });
