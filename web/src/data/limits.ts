// Concurrency groups: limits that several tasks share.

import { queryOptions } from '@tanstack/react-query';

import { getAll, part, send } from './api';
import type { WireConcurrencyGroup } from './wire';

export interface ConcurrencyGroupDraft {
  name: string;
  description: string;
  /** How many runs of all its tasks together may be active at once. */
  maxConcurrent: number;
}

export interface ConcurrencyGroup extends ConcurrencyGroupDraft {
  /** How many runs count in it now. */
  active: number;
  /** Names of the tasks that name it. */
  tasks: string[];
  version: number;
}

export const emptyGroup: ConcurrencyGroupDraft = { name: '', description: '', maxConcurrent: 1 };

export function groupOf(wire: WireConcurrencyGroup): ConcurrencyGroup {
  return {
    name: wire.name,
    description: wire.description ?? '',
    maxConcurrent: wire.max_concurrent,
    active: wire.active,
    tasks: wire.tasks,
    version: wire.version,
  };
}

export const concurrencyGroups = queryOptions({
  queryKey: ['concurrency-groups'],
  queryFn: async ({ signal }) =>
    (await getAll<WireConcurrencyGroup>('/concurrency-groups', signal)).map(groupOf),
});

export async function createGroup({ name, description, maxConcurrent }: ConcurrencyGroupDraft) {
  const body = { name: name.trim(), description, max_concurrent: maxConcurrent };
  return groupOf(await send<WireConcurrencyGroup>('POST', '/concurrency-groups', { body }));
}

/** Changes a group that is still as it was read; what others changed meanwhile is not overwritten. */
export async function editGroup(before: ConcurrencyGroup, draft: ConcurrencyGroupDraft) {
  const path = `/concurrency-groups/${part(before.name)}`;
  const body = { description: draft.description, max_concurrent: draft.maxConcurrent };
  return groupOf(await send<WireConcurrencyGroup>('PATCH', path, { body, version: before.version }));
}

export async function deleteGroup(name: string): Promise<void> {
  await send('DELETE', `/concurrency-groups/${part(name)}`);
}
