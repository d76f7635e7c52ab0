// What the conductor says of itself.

import { queryOptions } from '@tanstack/react-query';

import { get } from './api';
import { milliseconds } from './instants';
import type { WireAbout } from './wire';

export interface About {
  version: string;
  goVersion: string;
  ready: boolean;
  database: {
    kind: string;
    version: string;
    /** The number of the newest migration that was applied. */
    schema: number;
    bytes: number;
  };
  checks: Check[];
  /** Those that work on the database, the one that answers first. */
  conductors: { name: string; version: string; startedAt: Date }[];
}

export interface Check {
  name: string;
  ok: boolean;
  /** Empty where it is passed. */
  error: string;
  tookMs: number;
}

export function aboutOf(wire: WireAbout): About {
  return {
    version: wire.version,
    goVersion: wire.go_version,
    ready: wire.ready,
    database: wire.database,
    checks: wire.checks.map(({ name, ok, error, took }) => ({ name, ok, error, tookMs: milliseconds(took) })),
    conductors: wire.conductors.map(({ name, version, started_at }) => ({
      name,
      version,
      startedAt: new Date(started_at),
    })),
  };
}

/** What the conductor is. Whether it is ready is no event, so that it is asked for anew. */
export const about = queryOptions({
  queryKey: ['about'],
  queryFn: async ({ signal }) => aboutOf(await get<WireAbout>('/about', signal)),
  refetchInterval: 10_000,
});
