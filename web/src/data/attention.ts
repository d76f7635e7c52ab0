// What is wrong now, the worst first: what an operator should look at before anything else.

import { useQuery } from '@tanstack/react-query';

import { failedRuns, queuedRuns, unknownRuns } from './runs';
import type { Run } from './runs';
import { servers, skewToTell } from './servers';
import type { Server } from './servers';
import type { State } from './states';

export interface Trouble {
  /** Tells this trouble from any other. */
  key: string;
  state: State;
  subject: { kind: 'server' | 'run'; id: string; name: string };
  text: string;
  since: Date | null;
}

/** A run that has waited for so long is late. */
export const lateMs = 60_000;

export function troublesOf(
  all: { servers: Server[]; unknown: Run[]; queued: Run[]; failed: Run[] },
  now: number,
): Trouble[] {
  const late = all.queued.filter((run) => now - run.queuedAt.getTime() > lateMs);
  return [
    ...all.servers.filter((s) => s.state === 'unavailable').map((s) => ofServer(s, 'is unavailable')),
    ...all.servers.filter((s) => s.state === 'unreachable').map((s) => ofServer(s, 'does not answer')),
    ...all.servers
      .filter((s) => s.quarantine !== '')
      .map((s) => ofServer(s, `is quarantined: ${s.quarantine}`)),
    ...all.unknown.map((run) => ofRun(run, run.reason || 'its server does not answer', run.startedAt)),
    ...all.failed.map((run) => ofRun(run, run.reason, run.endedAt)),
    ...late.map((run) => ofRun(run, run.reason || 'waits for a server', run.queuedAt)),
    ...all.servers
      .filter((s) => Math.abs(s.skewMs ?? 0) >= skewToTell)
      .map((s) => ({
        ...ofServer(s, `its clock is ${skewText(s.skewMs ?? 0)} the conductor’s`),
        key: `clock/${s.name}`,
        since: null,
      })),
  ];
}

/** Says by how much a clock is off, such as "3.2 s ahead of". */
export function skewText(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s ${ms > 0 ? 'ahead of' : 'behind'}`;
}

function ofServer(server: Server, text: string): Trouble {
  return {
    key: `server/${server.name}`,
    state: server.state,
    subject: { kind: 'server', id: server.name, name: server.name },
    text,
    since: server.stateSince,
  };
}

function ofRun(run: Run, text: string, since: Date | null): Trouble {
  return {
    key: `run/${run.id}`,
    state: run.state,
    subject: { kind: 'run', id: run.id, name: run.task },
    text,
    since,
  };
}

/** Returns what is wrong now, and whether that is known yet. */
export function useTroubles(): { troubles: Trouble[]; known: boolean } {
  const all = [useQuery(unknownRuns), useQuery(queuedRuns), useQuery(failedRuns)] as const;
  const fleet = useQuery(servers);
  const [unknown, queued, failed] = all;
  const troubles = troublesOf(
    {
      servers: fleet.data ?? [],
      unknown: unknown.data ?? [],
      queued: queued.data ?? [],
      failed: failed.data ?? [],
    },
    // The servers are asked for every few seconds, so that this is the present well enough.
    Math.max(fleet.dataUpdatedAt, queued.dataUpdatedAt),
  );
  return { troubles, known: fleet.data !== undefined && all.every((query) => query.data !== undefined) };
}
