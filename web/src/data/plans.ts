// Plans: graphs of tasks, and what a run of one does.

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { get, getAll, part, send } from './api';
import { instant } from './instants';
import { nodeStates, oneOf, planRunStates, runStates } from './states';
import type { NodeState, PlanRunState, RunState } from './states';
import type { WirePage, WirePlan, WirePlanNode, WirePlanRun, WirePlanSpec, WireRun } from './wire';

export type Condition = 'ok' | 'error' | 'after';
export const conditions: readonly Condition[] = ['ok', 'error', 'after'];

/** What is drawn of a plan: which node or group follows which. */
export interface Graph {
  nodes: { name: string; task: string }[];
  groups: GraphGroup[];
  edges: GraphEdge[];
}

export interface GraphGroup {
  name: string;
  nodes: string[];
  /** How many of its nodes run at most at once; null for all. */
  limit: number | null;
}

export interface GraphEdge {
  from: string;
  to: string;
  on: Condition;
}

export interface Plan {
  name: string;
  description: string;
  params: Record<string, string>;
  graph: Graph;
  version: number;
  /** The plan as it was posted, for who edits it. */
  spec: WirePlanSpec;
}

/** A run of a plan as lists have it. */
export interface PlanRun {
  id: string;
  plan: string;
  state: PlanRunState;
  reason: string;
  cause: string;
  /** The trigger that asked for it; empty where none did. */
  trigger: string;
  scheduledFor: Date | null;
  startedAt: Date;
  endedAt: Date | null;
  /** How many of its nodes have ended, and how many there are. */
  done: number;
  total: number;
}

/** A run of a plan with its graph. */
export interface PlanRunDetail extends PlanRun {
  params: Record<string, string>;
  nodes: PlanNode[];
  groups: GraphGroup[];
  edges: (GraphEdge & { state: 'waiting' | 'taken' | 'dropped' })[];
}

export interface PlanNode {
  name: string;
  task: string;
  state: NodeState;
  reason: string;
  run: string | null;
  try: number;
  startedAt: Date | null;
  endedAt: Date | null;
  /** When it is told to stop for its timeout. */
  deadline: Date | null;
  /** What its run does. */
  live: {
    state: RunState;
    server: string | null;
    reason: string;
    progress: { percent: number; message: string } | null;
  } | null;
}

export function planOf(w: WirePlan): Plan {
  return {
    name: w.name,
    description: w.description ?? '',
    params: w.params ?? {},
    graph: {
      nodes: (w.nodes ?? []).map(({ name, task }) => ({ name, task })),
      groups: groupsOf(w.groups),
      edges: (w.edges ?? []).map(({ from, to, on }) => ({ from, to, on: on ?? 'ok' })),
    },
    version: w.version,
    spec: specOf(w),
  };
}

const added = ['version', 'created_at', 'updated_at'];

/** What an operator wrote of a plan, without what the conductor adds. */
function specOf(w: WirePlan): WirePlanSpec {
  return Object.fromEntries(
    Object.entries(w).filter(([key]) => !added.includes(key)),
  ) as unknown as WirePlanSpec;
}

function groupsOf(groups: WirePlanSpec['groups']): GraphGroup[] {
  return (groups ?? []).map(({ name, nodes, limit }) => ({ name, nodes: nodes ?? [], limit: limit ?? null }));
}

export function planRunOf(w: WirePlanRun): PlanRun {
  const { waiting = 0, running = 0 } = w.counts;
  const total = Object.values(w.counts).reduce((sum, count) => sum + count, 0);
  return {
    id: w.id,
    plan: w.plan,
    state: oneOf(planRunStates, w.state, 'unknown'),
    reason: w.reason,
    cause: w.cause.by === '' ? w.cause.kind : `${w.cause.kind} by ${w.cause.by}`,
    trigger: w.cause.kind === 'trigger' ? w.cause.by : '',
    scheduledFor: instant(w.scheduled_for),
    startedAt: new Date(w.started_at),
    endedAt: instant(w.ended_at),
    done: total - waiting - running,
    total,
  };
}

function planRunDetailOf(w: WirePlanRun): PlanRunDetail {
  return {
    ...planRunOf(w),
    params: w.params ?? {},
    nodes: (w.nodes ?? []).map(planNodeOf),
    groups: groupsOf(w.groups),
    edges: w.edges ?? [],
  };
}

function planNodeOf(w: WirePlanNode): PlanNode {
  return {
    name: w.name,
    task: w.task,
    state: oneOf(nodeStates, w.state, 'unknown'),
    reason: w.reason,
    run: w.run,
    try: w.try,
    startedAt: instant(w.started_at),
    endedAt: instant(w.ended_at),
    deadline: instant(w.deadline),
    live: w.live && {
      state: oneOf(runStates, w.live.state, 'unknown'),
      server: w.live.server,
      reason: w.live.reason,
      progress: w.live.progress,
    },
  };
}

export const planList = (q: string) =>
  infiniteQueryOptions({
    queryKey: ['plans', 'list', q],
    initialPageParam: '',
    queryFn: async ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: '100' });
      if (q !== '') query.set('q', q);
      if (pageParam !== '') query.set('cursor', pageParam);
      const page = await get<WirePage<WirePlan>>(`/plans?${query.toString()}`, signal);
      return { plans: page.items.map(planOf), next: page.next_cursor };
    },
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
  });

/** The names of all plans. */
export const planNames = queryOptions({
  queryKey: ['plans', 'names'],
  queryFn: async ({ signal }) => (await getAll<WirePlan>('/plans', signal)).map(({ name }) => name),
});

export const plan = (name: string) =>
  queryOptions({
    queryKey: ['plan', name],
    queryFn: async ({ signal }) => planOf(await get<WirePlan>(`/plans/${part(name)}`, signal)),
  });

/** The runs of a plan, or of all with an empty name, the newest first. */
export const planRuns = (plan: string) =>
  infiniteQueryOptions({
    queryKey: ['plan-runs', 'list', plan],
    initialPageParam: '',
    queryFn: async ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: '50', ...(plan === '' ? {} : { plan }) });
      if (pageParam !== '') query.set('cursor', pageParam);
      const page = await get<WirePage<WirePlanRun>>(`/plan-runs?${query.toString()}`, signal);
      return { runs: page.items.map(planRunOf), next: page.next_cursor };
    },
    getNextPageParam: (last) => last.next,
  });

/** The last run of a plan, or null. */
export const lastPlanRun = (plan: string) =>
  queryOptions({
    queryKey: ['plan-runs', 'last', plan],
    queryFn: async ({ signal }) => {
      const path = `/plan-runs?limit=1&plan=${part(plan)}`;
      const [last] = (await get<WirePage<WirePlanRun>>(path, signal)).items.map(planRunOf);
      return last ?? null;
    },
  });

/** Progress is no event, so a plan run that runs is asked for again so often. */
const progressMs = 5_000;

export const planRun = (id: string) =>
  queryOptions({
    queryKey: ['plan-run', id],
    queryFn: async ({ signal }) => planRunDetailOf(await get<WirePlanRun>(`/plan-runs/${part(id)}`, signal)),
    refetchInterval: ({ state }) => (state.data && state.data.endedAt === null ? progressMs : false),
  });

export async function createPlan(spec: unknown): Promise<Plan> {
  return planOf(await send<WirePlan>('POST', '/plans', { body: spec }));
}

/** Changes a plan by a merge patch. A version that is not the stored one any more is refused. */
export async function editPlan(name: string, patch: unknown, version: number): Promise<Plan> {
  return planOf(await send<WirePlan>('PATCH', `/plans/${part(name)}`, { body: patch, version }));
}

export async function deletePlan(name: string): Promise<void> {
  await send('DELETE', `/plans/${part(name)}`);
}

export async function startPlan(name: string, params: Record<string, string>): Promise<PlanRun> {
  const body = Object.keys(params).length === 0 ? {} : { params };
  return planRunOf(await send<WirePlanRun>('POST', `/plans/${part(name)}/runs`, { body }));
}

/** Cancels a plan run, or lets one that failed or was cancelled go on at the nodes that did not succeed. */
export async function actOnPlanRun(id: string, act: 'cancel' | 'resume'): Promise<void> {
  await send('POST', `/plan-runs/${part(id)}/${act}`);
}

/** The names of the outputs that a task has set when it last succeeded. */
export const lastOutputs = (task: string) =>
  queryOptions({
    queryKey: ['runs', 'outputs', task],
    queryFn: async ({ signal }) => {
      const path = `/runs?task=${part(task)}&state=succeeded&limit=1`;
      const [last] = (await get<WirePage<WireRun>>(path, signal)).items;
      return Object.keys(last?.outputs ?? {}).sort();
    },
  });
