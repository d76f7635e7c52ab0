// Virtual servers: named groups of job servers.

import { queryOptions } from '@tanstack/react-query';

import { getAll } from './api';
import type { WireVirtualServer } from './wire';

export const selections = [
  'best-rated',
  'random',
  'round-robin',
  'least-running',
  'priority',
  'weighted',
] as const;
export type Selection = (typeof selections)[number];

export interface VirtualServer {
  name: string;
  description: string;
  active: boolean;
  selection: Selection;
  /** In order, which counts for the selection priority. */
  members: string[];
  version: number;
}

export function virtualServerOf(w: WireVirtualServer): VirtualServer {
  return {
    name: w.name,
    description: w.description ?? '',
    active: !w.inactive,
    selection: w.selection ?? 'best-rated',
    members: w.members ?? [],
    version: w.version,
  };
}

export const virtualServers = queryOptions({
  queryKey: ['virtual-servers'],
  queryFn: async ({ signal }) =>
    (await getAll<WireVirtualServer>('/virtual-servers', signal)).map(virtualServerOf),
});
