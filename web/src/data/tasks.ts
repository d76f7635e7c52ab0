// Tasks: what an operator sets up to be run.

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { get, part, send } from './api';
import { instant } from './instants';
import { placementOf } from './placement';
import { targetOf } from './runs';
import type { Policy, Target } from './runs';
import { oneOf, runStates } from './states';
import type { RunState } from './states';
import type { WirePage, WirePlacement, WireTask, WireTaskSpec } from './wire';

export type JobKind = 'command' | 'script' | 'steps' | 'archive' | 'none';

export interface Task {
  name: string;
  description: string;
  labels: Record<string, string>;
  target: Target;
  params: Record<string, string>;
  job: JobKind;
  /** What is run, in a line. */
  jobText: string;
  /** Null where its virtual server says it. */
  policy: Policy | null;
  /** A duration such as "2m", or null where the virtual server or the server says it. */
  unavailableAfter: string | null;
  leaveRunning: boolean;
  lastRun: LastRun | null;
  version: number;
  /** The task as it was posted, for who edits it. */
  spec: WireTaskSpec;
}

export interface LastRun {
  id: string;
  state: RunState;
  reason: string;
  server: string | null;
  queuedAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
}

export function taskOf(w: WireTask): Task {
  const { last_run: last } = w;
  return {
    name: w.name,
    description: w.description ?? '',
    labels: w.labels ?? {},
    target: targetOf(w.target),
    params: w.params ?? {},
    ...jobOf(w.job),
    policy: w.on_unavailable ?? null,
    unavailableAfter: w.unavailable_after ?? null,
    leaveRunning: w.leave_running ?? false,
    lastRun: last
      ? {
          id: last.id,
          state: oneOf(runStates, last.state, 'unknown'),
          reason: last.reason,
          server: last.server,
          queuedAt: new Date(last.queued_at),
          startedAt: instant(last.started_at),
          endedAt: instant(last.ended_at),
        }
      : null,
    version: w.version,
    spec: specOf(w),
  };
}

const added = ['version', 'created_at', 'updated_at', 'last_run'];

/** What an operator wrote of a task, without what the conductor adds. */
function specOf(w: WireTask): WireTaskSpec {
  return Object.fromEntries(
    Object.entries(w).filter(([key]) => !added.includes(key)),
  ) as unknown as WireTaskSpec;
}

function jobOf(job: WireTaskSpec['job']): { job: JobKind; jobText: string } {
  if (job.command) return { job: 'command', jobText: job.command.join(' ') };
  if (job.script) {
    const lines = job.script.text.trim().split('\n');
    const interpreter = (job.script.interpreter ?? ['/bin/sh']).join(' ');
    return { job: 'script', jobText: `${interpreter}: ${lines[0] ?? ''}${lines.length > 1 ? ' …' : ''}` };
  }
  if (job.steps) {
    return { job: 'steps', jobText: job.steps.map((step) => step.name).join(' → ') };
  }
  if (job.archive) {
    return { job: 'archive', jobText: `${job.archive.name} ${job.archive.version ?? 'latest'}` };
  }
  return { job: 'none', jobText: '' };
}

export interface TaskFilter {
  q: string;
  virtual_server: string;
  server: string;
}

export interface TaskPage {
  tasks: Task[];
  next: string | null;
}

export const taskList = (filter: TaskFilter) =>
  infiniteQueryOptions({
    queryKey: ['tasks', 'list', filter],
    initialPageParam: '',
    queryFn: async ({ pageParam, signal }): Promise<TaskPage> => {
      const query = new URLSearchParams({ limit: '100' });
      for (const [name, value] of Object.entries(filter)) if (value !== '') query.set(name, String(value));
      if (pageParam !== '') query.set('cursor', pageParam);
      const page = await get<WirePage<WireTask>>(`/tasks?${query.toString()}`, signal);
      return { tasks: page.items.map(taskOf), next: page.next_cursor };
    },
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
  });

export const task = (name: string) =>
  queryOptions({
    queryKey: ['task', name],
    queryFn: async ({ signal }) => taskOf(await get<WireTask>(`/tasks/${part(name)}`, signal)),
  });

/** Where a run of the task would go now, and why. */
export const taskPlacement = (name: string) =>
  queryOptions({
    queryKey: ['task', name, 'placement'],
    queryFn: async ({ signal }) =>
      placementOf(await get<WirePlacement>(`/tasks/${part(name)}/placement`, signal)),
    // It rests on the servers' load, which is no event.
    refetchInterval: 5_000,
  });

export async function createTask(spec: unknown): Promise<Task> {
  return taskOf(await send<WireTask>('POST', '/tasks', { body: spec }));
}

/** Changes a task by a merge patch. A version that is not the stored one any more is refused. */
export async function editTask(name: string, patch: unknown, version: number): Promise<Task> {
  return taskOf(await send<WireTask>('PATCH', `/tasks/${part(name)}`, { body: patch, version }));
}

export async function deleteTask(name: string): Promise<void> {
  await send('DELETE', `/tasks/${part(name)}`);
}
