// Virtual servers: named groups of job servers, and what a change of them would mean.

import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { get, getAll, part, send } from './api';
import { placementOf } from './placement';
import type { Placement, Rating, Term } from './placement';
import type {
  WireEffect,
  WirePage,
  WireRatingPresets,
  WireVirtualServer,
  WireVirtualServerSpec,
} from './wire';

export const selections = [
  'best-rated',
  'least-running',
  'round-robin',
  'priority',
  'weighted',
  'random',
] as const;
export type Selection = (typeof selections)[number];

export interface Indicator {
  name: string;
  min: number;
  max: number;
  weight: number;
}

/** How members are rated: a preset by its name, or indicators of one's own. */
export type RatingRule = { preset: string } | { indicators: Indicator[] };

export type OnUnavailable = NonNullable<WireVirtualServerSpec['on_unavailable']>;

/** A virtual server as an operator writes it. */
export interface Draft {
  name: string;
  description: string;
  active: boolean;
  selection: Selection;
  /** In order, which counts for the selection priority. */
  members: string[];
  /** For the selection weighted; 1 where none is given. */
  weights: Record<string, number>;
  rating: RatingRule;
  /** Points for a member that holds the job's archive already. */
  preferArchive: number;
  /** Policy of tasks that have none of their own; null for none. */
  onUnavailable: OnUnavailable | null;
  /** With reset: the cut-off job is left running. Gives up the promise that no two attempts overlap. */
  leaveRunning: boolean;
}

export interface VirtualServer extends Draft {
  version: number;
}

export const emptyDraft: Draft = {
  name: '',
  description: '',
  active: true,
  selection: 'best-rated',
  members: [],
  weights: {},
  rating: { preset: 'recommended' },
  preferArchive: 0,
  onUnavailable: null,
  leaveRunning: false,
};

export function virtualServerOf(w: WireVirtualServer): VirtualServer {
  const rating = w.rating ?? '';
  return {
    name: w.name,
    description: w.description ?? '',
    active: !w.inactive,
    selection: w.selection ?? 'best-rated',
    members: w.members ?? [],
    weights: w.weights ?? {},
    rating:
      typeof rating === 'string'
        ? { preset: rating === '' ? 'recommended' : rating }
        : { indicators: rating.indicators },
    preferArchive: w.prefer_archive ?? 0,
    onUnavailable: w.on_unavailable ?? null,
    leaveRunning: w.leave_running ?? false,
    version: w.version,
  };
}

function specOf(draft: Draft): WireVirtualServerSpec {
  const {
    name,
    description,
    active,
    selection,
    members,
    weights,
    rating,
    preferArchive,
    onUnavailable,
    leaveRunning,
  } = draft;
  return {
    name,
    description,
    inactive: !active,
    selection,
    members,
    weights,
    rating: 'preset' in rating ? rating.preset : { indicators: rating.indicators },
    prefer_archive: preferArchive,
    leave_running: leaveRunning,
    ...(onUnavailable === null ? {} : { on_unavailable: onUnavailable }),
  };
}

export const virtualServers = queryOptions({
  queryKey: ['virtual-servers'],
  queryFn: async ({ signal }) =>
    (await getAll<WireVirtualServer>('/virtual-servers', signal)).map(virtualServerOf),
});

export interface Capacity {
  members: number;
  /** Members that take new runs. */
  taking: number;
  slots: number;
  used: number;
}

/** What it would mean if a virtual server were so, or means as it is. */
export interface Effect {
  name: string;
  placement: Placement;
  before: Capacity;
  after: Capacity;
  /** Tasks that would lose their last eligible server. */
  stranded: string[];
  /** Runs that wait; more may where the number is one of those that were looked at. */
  queued: number;
  queuedMore: boolean;
  /** How many more of them than now would find a place. */
  couldStart: number;
}

function effectOf(w: WireEffect): Effect {
  const capacity = (c: WireEffect['before']): Capacity => ({
    members: c.members,
    taking: c.taking,
    slots: c.slots,
    used: c.slots_used,
  });
  return {
    name: w.name,
    placement: placementOf(w.placement),
    before: capacity(w.before),
    after: capacity(w.after),
    stranded: w.stranded,
    queued: w.queued,
    queuedMore: w.counted_in_part,
    couldStart: w.could_start,
  };
}

/** How many virtual servers one preview may be about. */
const previewMost = 64;

/**
 * Asks what it would mean if virtual servers were as the drafts say. Unlike the query of the same it ends only when it is
 * answered, or by its signal.
 */
export async function preview(drafts: readonly Draft[], signal?: AbortSignal): Promise<Effect[]> {
  const effects: Effect[] = [];
  for (let i = 0; i < drafts.length; i += previewMost) {
    const body = { virtual_servers: drafts.slice(i, i + previewMost).map(specOf) };
    const page = await send<WirePage<WireEffect>>('POST', '/virtual-servers/preview', {
      body,
      ...(signal ? { signal } : {}),
    });
    effects.push(...page.items.map(effectOf));
  }
  return effects;
}

/** What it would mean if virtual servers were as the drafts say. */
export const effectOfDrafts = (drafts: readonly Draft[]) =>
  queryOptions({
    queryKey: ['effect', drafts],
    queryFn: ({ signal }) => preview(drafts, signal),
    staleTime: 2_000,
    gcTime: 30_000,
  });

/** How a virtual server is just now. Only what is shown of it is in it, so that it stays the same while that does. */
export interface Standing {
  /** Members that take new runs. */
  taking: number;
  slots: number;
  used: number;
  /** Where the next run would go and why; null where there is no member. */
  next: { chosen: string | null; reason: string } | null;
  /** Runs that wait; more may where the number is one of those that were looked at. */
  queued: number;
  queuedMore: boolean;
  /** How its members are rated, by name. */
  verdicts: Record<string, { rating: Rating | null; terms: Term[] }>;
}

function standingOf({ placement, after, queued, queuedMore }: Effect): Standing {
  const { candidates, chosen, reason } = placement;
  return {
    taking: after.taking,
    slots: after.slots,
    used: after.used,
    next: candidates.length > 0 ? { chosen, reason } : null,
    queued,
    queuedMore,
    verdicts: Object.fromEntries(candidates.map(({ server, rating, terms }) => [server, { rating, terms }])),
  };
}

/** How each virtual server is, by name. */
export const standing = (groups: readonly VirtualServer[]) =>
  queryOptions({
    queryKey: ['rating', 'standing', groups.map(({ name, version }) => `${name}@${version}`)],
    queryFn: async ({ signal }) =>
      new Map((await preview(groups, signal)).map((effect) => [effect.name, standingOf(effect)])),
    enabled: groups.length > 0,
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
  });

export interface Metric {
  name: string;
  unit: string;
  projected: boolean;
  meaning: string;
}

export interface RatingPresets {
  presets: { name: string; meaning: string; indicators: Indicator[] }[];
  metrics: Metric[];
}

/** What a rating can be made of. It comes with the conductor's program and does not change while it runs. */
export const ratingPresets = queryOptions({
  queryKey: ['rating-presets'],
  queryFn: async ({ signal }): Promise<RatingPresets> => {
    const { presets, metrics } = await get<WireRatingPresets>('/rating-presets', signal);
    return {
      presets: presets.map(({ name, meaning, indicators }) => ({
        name,
        meaning,
        indicators: indicators ?? [],
      })),
      metrics,
    };
  },
  staleTime: Infinity,
});

export async function createVirtualServer(draft: Draft): Promise<VirtualServer> {
  return virtualServerOf(await send<WireVirtualServer>('POST', '/virtual-servers', { body: specOf(draft) }));
}

/** Changes a virtual server that is still as it was read; what others changed meanwhile is not overwritten. */
export async function editVirtualServer(before: VirtualServer, draft: Draft): Promise<VirtualServer> {
  const gone = Object.fromEntries(Object.keys(before.weights).map((member) => [member, null]));
  const body = {
    ...specOf(draft),
    weights: { ...gone, ...draft.weights },
    on_unavailable: draft.onUnavailable,
  };
  const path = `/virtual-servers/${part(before.name)}`;
  return virtualServerOf(await send<WireVirtualServer>('PATCH', path, { body, version: before.version }));
}

export async function deleteVirtualServer(name: string): Promise<void> {
  await send('DELETE', `/virtual-servers/${part(name)}`);
}

/** Puts a server into a group, last or at a place, or moves it there. */
export async function putMember(
  group: string,
  server: string,
  at: { position?: number; weight?: number } = {},
): Promise<void> {
  await send('PUT', `/virtual-servers/${part(group)}/members/${part(server)}`, { body: at });
}

export async function takeMember(group: string, server: string): Promise<void> {
  await send('DELETE', `/virtual-servers/${part(group)}/members/${part(server)}`);
}

/** Brings the members of a group into an order. */
export async function arrangeMembers(group: string, members: string[]): Promise<void> {
  await send('PATCH', `/virtual-servers/${part(group)}`, { body: { members } });
}
