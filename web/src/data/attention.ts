// What is wrong now, the worst first: what an operator should look at before anything else.

import { useQuery } from '@tanstack/react-query';

import { deliveries } from './notices';
import type { Delivery } from './notices';
import { failedRuns, lateRuns, unknownRuns, waitingRuns } from './runs';
import type { Run } from './runs';
import { servers, skewToTell } from './servers';
import type { Server } from './servers';
import type { State } from './states';
import { summary } from './summary';
import type { Summary } from './summary';

/** What needs attention, by where all of it is listed. */
export type Kind = 'servers' | 'unknown' | 'failed' | 'late' | 'waiting' | 'deliveries' | 'paused';

export interface Trouble {
  /** Tells this trouble from any other. */
  key: string;
  /** What it counts as, its own kind first: a run that is late may be unknown as well. */
  kinds: Kind[];
  state: State;
  subject: { kind: 'server' | 'run' | 'delivery'; id: string; name: string };
  text: string;
  since: Date | null;
}

export interface Runs {
  unknown: Run[];
  failed: Run[];
  late: Run[];
  waiting: Run[];
}

/** Where deliveries that were given up are listed. */
export const deadDeliveriesPage = '/settings/notifications?tab=deliveries&state=dead';

/** Returns what is wrong now as far as it was read, each thing once. */
export function troublesOf(fleet: readonly Server[], runs: Runs, dead: readonly Delivery[]): Trouble[] {
  const late = new Set(runs.late.map(({ id }) => id));
  const also = (id: string, kind: 'unknown' | 'waiting'): Kind[] =>
    runs[kind].some((run) => run.id === id) ? [kind] : [];
  return [
    ...serverTroubles(fleet),
    ...runs.unknown
      .filter(({ id }) => !late.has(id))
      .map((run) => ofRun(run, ['unknown'], run.reason || 'its server does not answer', run.startedAt)),
    ...runs.failed.map((run) => ofRun(run, ['failed'], run.reason, run.endedAt)),
    ...runs.late.map((run) => {
      const kinds: Kind[] = ['late', ...also(run.id, 'unknown'), ...also(run.id, 'waiting')];
      return ofRun(run, kinds, `late${run.reason === '' ? '' : `: ${run.reason}`}`, run.queuedAt);
    }),
    ...runs.waiting
      .filter(({ id }) => !late.has(id))
      .map((run) => ofRun(run, ['waiting'], run.reason || 'waits for a server', run.queuedAt)),
    ...deadChannels(dead),
    ...clockTroubles(fleet),
  ];
}

/**
 * Chooses so many troubles to show, in their order: of each kind as many as of any other, as far as there are. So that many
 * servers that are gone do not leave a run in trouble unseen.
 */
export function chosenOf(troubles: readonly Trouble[], most: number): Trouble[] {
  const seen = new Map<Kind | undefined, number>();
  return troubles
    .map((trouble, place) => {
      const [kind] = trouble.kinds;
      const turn = seen.get(kind) ?? 0;
      seen.set(kind, turn + 1);
      return { trouble, place, turn };
    })
    .sort((a, b) => a.turn - b.turn || a.place - b.place)
    .slice(0, most)
    .sort((a, b) => a.place - b.place)
    .map(({ trouble }) => trouble);
}

/** Returns how much there is of each kind beside what is shown. */
export function moreOf(counts: readonly Count[], shown: readonly Trouble[], pausesShown: number): Count[] {
  const of = (kind: Kind) =>
    kind === 'paused' ? pausesShown : shown.filter(({ kinds }) => kinds.includes(kind)).length;
  return (
    counts
      // One row tells of all that a channel did not deliver.
      .filter(({ kind }) => kind !== 'deliveries' || of(kind) === 0)
      .map((count) => ({ ...count, count: count.count - of(count.kind) }))
      .filter(({ count }) => count > 0)
  );
}

/** Tells of each channel once that it gave up, with why it did last: one that is down has many dead deliveries. */
function deadChannels(dead: readonly Delivery[]): Trouble[] {
  const newest = new Map<string, Delivery>();
  for (const delivery of dead) {
    if (!newest.has(delivery.channel)) newest.set(delivery.channel, delivery);
  }
  return [...newest.values()].map(({ id, channel, title, lastError, endedAt }) => ({
    key: `delivery/${id}`,
    kinds: ['deliveries'],
    state: 'dead',
    subject: { kind: 'delivery', id: channel, name: channel },
    text: `“${title}” was not delivered${lastError === '' ? '' : `: ${lastError}`}`,
    since: endedAt,
  }));
}

function serverTroubles(fleet: readonly Server[]): Trouble[] {
  return [
    ...fleet.filter((s) => s.state === 'unavailable').map((s) => ofServer(s, 'is unavailable')),
    ...fleet.filter((s) => s.state === 'unreachable').map((s) => ofServer(s, 'does not answer')),
    ...fleet.filter((s) => s.quarantine !== '').map((s) => ofServer(s, `is quarantined: ${s.quarantine}`)),
  ];
}

function clockTroubles(fleet: readonly Server[]): Trouble[] {
  return fleet
    .filter((s) => Math.abs(s.skewMs ?? 0) >= skewToTell)
    .map((s) => ({
      ...ofServer(s, `its clock is ${skewText(s.skewMs ?? 0)} the conductor’s`),
      key: `clock/${s.name}`,
      since: null,
    }));
}

/** How much of each kind needs attention, in true numbers. */
export interface Count {
  kind: Kind;
  word: string;
  count: number;
  /** The page that has them all. */
  to: string;
}

/** Counts what needs attention: of servers what was read, which is all, and of the rest what the conductor counted. */
export function countsOf(fleet: readonly Server[], counted: Summary): Count[] {
  const servers = serverTroubles(fleet).length + clockTroubles(fleet).length;
  const all: Count[] = [
    { kind: 'servers', word: servers === 1 ? 'server' : 'servers', count: servers, to: '/servers' },
    { kind: 'unknown', word: 'unknown', count: counted.unknown, to: '/runs?state=unknown' },
    {
      kind: 'failed',
      word: 'failed today',
      count: counted.failed,
      to: '/runs?state=failed,timed_out,lost&since=24h',
    },
    { kind: 'late', word: 'late', count: counted.late, to: '/runs?late=true' },
    { kind: 'waiting', word: 'waiting for long', count: counted.waitLong, to: '/runs?state=queued' },
    {
      kind: 'deliveries',
      word: counted.deadDeliveries === 1 ? 'dead delivery' : 'dead deliveries',
      count: counted.deadDeliveries,
      to: deadDeliveriesPage,
    },
    { kind: 'paused', word: 'paused', count: counted.pausedTriggers + counted.pauses, to: '/tasks' },
  ];
  return all.filter(({ count }) => count > 0);
}

/** Says by how much a clock is off, such as "3.2 s ahead of". */
export function skewText(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s ${ms > 0 ? 'ahead of' : 'behind'}`;
}

function ofServer(server: Server, text: string): Trouble {
  return {
    key: `server/${server.name}`,
    kinds: ['servers'],
    state: server.state,
    subject: { kind: 'server', id: server.name, name: server.name },
    text,
    since: server.stateSince,
  };
}

function ofRun(run: Run, kinds: Kind[], text: string, since: Date | null): Trouble {
  return {
    key: `run/${run.id}`,
    kinds,
    state: run.state,
    subject: { kind: 'run', id: run.id, name: run.task },
    text,
    since,
  };
}

export interface Attention {
  /** The first things that are wrong; there may be more than was read. */
  troubles: Trouble[];
  counts: Count[];
  /** How many things need attention in all. */
  total: number;
  known: boolean;
}

/** Returns how much needs attention, and whether that is known yet. */
export function useAttentionCounts(): Omit<Attention, 'troubles'> {
  const fleet = useQuery(servers).data;
  const counted = useQuery(summary).data;
  const counts = fleet && counted ? countsOf(fleet, counted) : [];
  return {
    counts,
    total: counts.reduce((sum, { count }) => sum + count, 0),
    known: fleet !== undefined && counted !== undefined,
  };
}

const deadDeliveries = deliveries({ channel: '', states: ['dead'], event: '' });

/** Returns what is wrong now, the worst first, and how much of it there is. */
export function useAttention(): Attention {
  const counted = useAttentionCounts();
  const unknown = useQuery(unknownRuns).data;
  const failed = useQuery(failedRuns).data;
  const late = useQuery(lateRuns).data;
  const waiting = useQuery(waitingRuns).data;
  const anyDead = counted.counts.some(({ to }) => to === deadDeliveriesPage);
  const dead = useQuery({ ...deadDeliveries, enabled: anyDead }).data ?? [];
  const fleet = useQuery(servers).data ?? [];
  const known = counted.known && unknown && failed && late && waiting;
  return {
    ...counted,
    troubles: known ? troublesOf(fleet, { unknown, failed, late, waiting }, dead) : [],
    known: known !== undefined && known !== false,
  };
}
