// Job servers: the hosts on which an agent runs.

import { queryOptions } from '@tanstack/react-query';

import { get, getAll, part, send } from './api';
import { duration, instant, milliseconds } from './instants';
import type { Rating } from './placement';
import { oneOf, serverStates } from './states';
import type { ServerState } from './states';
import type { WireJoinToken, WireLoadPoint, WirePage, WireServer, WireWhatIf } from './wire';

export type Mode = 'active' | 'draining' | 'disabled';

export interface Server {
  name: string;
  kind: 'job' | 'runtime';
  state: ServerState;
  mode: Mode;
  /** When it came into its state; null where that is not known. */
  stateSince: Date | null;
  /** Why an operator has drained or disabled it, or empty. */
  reason: string;
  /** Why no run is placed there although it is online, or empty. */
  quarantine: string;
  description: string;
  labels: Record<string, string>;
  slots: number;
  slotsUsed: number;
  power: number;
  /** Null until the first sample. */
  rating: Rating | null;
  /** Shares in use, 0 to 1: of all processors, the memory and the disk; null without a sample. */
  cpu: number | null;
  memory: number | null;
  disk: number | null;
  cpus: number | null;
  memoryTotal: number | null;
  diskFree: number | null;
  /** When the newest sample was taken. */
  sampledAt: Date | null;
  /** How far the host's clock is ahead of the conductor's, in milliseconds; null where that is not known. */
  skewMs: number | null;
  lastSeen: Date | null;
  /** When a silent server will count as unavailable. */
  unavailableAt: Date | null;
  /** Silence after which it counts as unavailable, in milliseconds. */
  patienceMs: number;
  /** How often it is to be heard from, and the silence after which it counts as unreachable, in milliseconds. */
  heartbeatMs: number;
  unreachableMs: number;
  /** What was seen of its load while the console was open, oldest first. */
  trend: TrendPoint[];
  virtualServers: string[];
  agentVersion: string;
  joinedAt: Date;
  /** Open attempts; only the answer about one server has them. */
  attempts: { run: string; number: number; state: string; startedAt: Date | null }[];
  version: number;
}

/** One look at the load of a server; shares 0 to 1. */
export interface TrendPoint {
  at: number;
  cpu: number;
  memory: number;
  disk: number;
  runs: number;
}

/** From this difference on a host's clock is warned of. */
export const skewToTell = 2_000;

export function serverOf(w: WireServer): Server {
  const load = w.load;
  return {
    name: w.name,
    kind: w.kind,
    state: oneOf(serverStates, w.status, 'unavailable'),
    mode: w.mode,
    stateSince: instant(w.state_since),
    reason: w.reason,
    quarantine: w.quarantine,
    description: w.description,
    labels: w.labels,
    slots: w.slots,
    slotsUsed: w.slots_used,
    power: w.power,
    rating: w.rating === null ? null : { points: w.rating, stars: w.stars ?? 0 },
    cpu: load?.cpu_total ?? null,
    memory: used(load?.memory_available, load?.memory_total),
    disk: used(load?.disk_free, load?.disk_total),
    cpus: load?.cpus ?? null,
    memoryTotal: load?.memory_total ?? null,
    diskFree: load?.disk_free ?? null,
    sampledAt: instant(load?.at),
    skewMs: load?.agent_clock ? Date.parse(load.agent_clock) - Date.parse(load.at) : null,
    lastSeen: instant(w.last_seen),
    unavailableAt: instant(w.timers?.unavailable_at),
    patienceMs: milliseconds(w.patience),
    heartbeatMs: milliseconds(w.heartbeat_every),
    unreachableMs: milliseconds(w.unreachable_after),
    trend: [],
    virtualServers: w.virtual_servers,
    agentVersion: w.agent_version,
    joinedAt: new Date(w.joined_at),
    attempts: w.attempts.map((a) => ({
      run: a.run,
      number: a.number,
      state: a.state,
      startedAt: instant(a.started_at),
    })),
    version: w.version,
  };
}

function used(free: number | undefined, total: number | undefined): number | null {
  return free === undefined || total === undefined || total <= 0 ? null : 1 - free / total;
}

/** Load samples come with heartbeats, which are no events; everything else is asked for again when an event says so. */
const sampleMs = 5_000;

/** How many points of a trend are kept. */
const trendLength = 60;

/** Adds what is new of each server to the trend that was known of it. */
export function withTrends(before: readonly Server[], now: Server[]): Server[] {
  const known = new Map(before.map(({ name, trend }) => [name, trend]));
  return now.map((server) => {
    const trend = known.get(server.name) ?? [];
    const { sampledAt, cpu, memory, disk, slotsUsed: runs } = server;
    if (!sampledAt || cpu === null || memory === null || disk === null) return { ...server, trend };
    const at = sampledAt.getTime();
    if (trend.at(-1)?.at === at) return { ...server, trend };
    return { ...server, trend: [...trend, { at, cpu, memory, disk, runs }].slice(-trendLength) };
  });
}

const serversKey = ['servers'];

export const servers = queryOptions({
  queryKey: serversKey,
  queryFn: async ({ signal, client }) => {
    const now = (await getAll<WireServer>('/servers', signal)).map(serverOf);
    return withTrends(client.getQueryData<Server[]>(serversKey) ?? [], now);
  },
  refetchInterval: sampleMs,
});

const seedMinutes = 10;

/** The trend of a server before the console was opened. It is read once. */
export const trendBefore = (name: string) =>
  queryOptions({
    queryKey: ['trend', name],
    queryFn: async ({ signal }): Promise<TrendPoint[]> => {
      const from = new Date(Date.now() - seedMinutes * 60_000).toISOString();
      const page = await get<WirePage<WireLoadPoint>>(`/servers/${part(name)}/load?from=${from}`, signal);
      return page.items.map(({ at, cpu, memory, disk, running }) => ({
        at: Date.parse(at),
        cpu,
        memory,
        disk,
        runs: running,
      }));
    },
    staleTime: Infinity,
    retry: false,
  });

/** Joins what was before with what was seen, at most so many points, oldest first. */
export function joined(before: readonly TrendPoint[], seen: readonly TrendPoint[]): TrendPoint[] {
  const first = seen[0]?.at ?? Infinity;
  return [...before.filter(({ at }) => at < first), ...seen].slice(-trendLength);
}

export const server = (name: string) =>
  queryOptions({
    queryKey: ['server', name],
    queryFn: async ({ signal }) => serverOf(await get<WireServer>(`/servers/${part(name)}`, signal)),
    refetchInterval: sampleMs,
  });

export interface LoadPoint {
  at: Date;
  cpu: number;
  memory: number;
  disk: number;
  running: number;
  load1: number;
  ownCpu: number;
}

/** The load of a server over the last so many minutes, oldest first. */
export const serverLoad = (name: string, minutes: number) =>
  queryOptions({
    queryKey: ['load', name, minutes],
    queryFn: async ({ signal }): Promise<LoadPoint[]> => {
      const from = new Date(Date.now() - minutes * 60_000).toISOString();
      const page = await get<WirePage<WireLoadPoint>>(`/servers/${part(name)}/load?from=${from}`, signal);
      return page.items.map(({ at, cpu, memory, disk, running, load1, own_cpu }) => ({
        at: new Date(at),
        cpu,
        memory,
        disk,
        running,
        load1,
        ownCpu: own_cpu,
      }));
    },
    refetchInterval: 15_000,
  });

export interface WhatIf {
  run: string;
  task: string;
  attempt: number;
  action: 'wait' | 'reset' | 'restart' | 'recover';
  /** How long after the server's last word, in milliseconds; null for wait. */
  afterMs: number | null;
  checkpoint: string | null;
  /** Where it would go; null for nowhere. */
  server: string | null;
  reason: string;
}

/** What would happen to each run on a server if it died now. */
export const whatIf = (name: string) =>
  queryOptions({
    queryKey: ['what-if', name],
    queryFn: async ({ signal }): Promise<WhatIf[]> => {
      const page = await get<WirePage<WireWhatIf>>(`/servers/${part(name)}/what-if`, signal);
      return page.items.map((w) => ({
        run: w.run,
        task: w.task,
        attempt: w.attempt,
        action: w.action,
        afterMs: w.after === null ? null : milliseconds(w.after),
        checkpoint: w.checkpoint?.name ?? null,
        server: w.server,
        reason: w.reason,
      }));
    },
    refetchInterval: sampleMs,
  });

/** Says what would become of a run, such as "recover on js-2 from cp3, after 2 m 0 s". */
export function outcome({ action, afterMs, checkpoint, server }: WhatIf): string {
  const from = action === 'recover' ? ` from ${checkpoint ?? 'the beginning'}` : '';
  const where = server === null ? '' : ` on ${server}`;
  const when = afterMs === null ? '' : `, after ${duration(afterMs)}`;
  return `${action}${where}${from}${when}`;
}

const verbs = { active: 'activate', draining: 'drain', disabled: 'disable' } as const;

export async function setMode(name: string, mode: Mode, reason: string): Promise<Server> {
  const body = reason === '' ? {} : { reason };
  return serverOf(await send<WireServer>('POST', `/servers/${part(name)}/${verbs[mode]}`, { body }));
}

/** States that a server is dead. Its runs follow their policies at once. */
export async function declareDead(name: string, reason: string): Promise<Server> {
  return serverOf(
    await send<WireServer>('POST', `/servers/${part(name)}/declare-dead`, { body: { reason } }),
  );
}

/** The shortest statement that declare-dead takes. */
export const leastStatement = 10;

export interface ServerSettings {
  description: string;
  labels: Record<string, string>;
  slots: number;
  power: number;
}

/** Changes the settings of a server that is still as it was read, labels that are gone included. */
export async function editServer(before: Server, settings: ServerSettings): Promise<Server> {
  const gone = Object.fromEntries(Object.keys(before.labels).map((key) => [key, null]));
  const body = { ...settings, labels: { ...gone, ...settings.labels } };
  const { name, version } = before;
  return serverOf(await send<WireServer>('PATCH', `/servers/${part(name)}`, { body, version }));
}

export async function deleteServer(name: string): Promise<void> {
  await send('DELETE', `/servers/${part(name)}`);
}

export interface JoinToken {
  token: string;
  command: string;
  expiresAt: Date;
}

/** Makes a one-time token with which an agent joins. */
export async function createJoinToken(name: string): Promise<JoinToken> {
  const w = await send<WireJoinToken>('POST', '/join-tokens', { body: name === '' ? {} : { name } });
  return { token: w.token, command: w.command, expiresAt: new Date(w.expires_at) };
}
