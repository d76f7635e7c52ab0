// Answers of the API for tests.

import type { WireRun, WireServer } from './wire';

export function aServer(fields: Partial<WireServer> = {}): WireServer {
  return {
    name: 'js-1',
    kind: 'job',
    status: 'online',
    reason: '',
    slots: 4,
    slots_used: 1,
    rating: 96.04,
    stars: 5,
    load: {
      at: '2026-01-31T09:05:00.000Z',
      cpus: 4,
      cpu_total: 0.25,
      memory_total: 100,
      memory_available: 60,
    },
    virtual_servers: ['etl'],
    last_seen: '2026-01-31T09:05:00.000Z',
    ...fields,
  };
}

export function aRun(fields: Partial<WireRun> = {}): WireRun {
  return {
    id: '01J9',
    task: 'load-orders',
    state: 'running',
    cause: { kind: 'api', by: 'admin' },
    queued_at: '2026-01-31T09:04:59.000Z',
    started_at: null,
    ended_at: null,
    exit_code: null,
    reason: '',
    server: 'js-1',
    attempt: 1,
    progress: null,
    ...fields,
  };
}
