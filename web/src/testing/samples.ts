// Answers of the API for tests.

import type {
  WireArchiveVersion,
  WireDelivery,
  WirePlan,
  WirePlanNode,
  WirePlanRun,
  WireRun,
  WireServer,
  WireSummary,
  WireTrigger,
  WireVirtualServer,
} from '../data/wire';

export function aServer(fields: Partial<WireServer> = {}): WireServer {
  return {
    name: 'js-1',
    kind: 'job',
    status: 'online',
    mode: 'active',
    contact: 'online',
    state_since: '2026-01-31T08:00:00.000Z',
    reason: '',
    quarantine: '',
    description: '',
    labels: {},
    power: 1,
    patience: '120s',
    heartbeat_every: '1.5s',
    unreachable_after: '4.5s',
    timers: null,
    held: null,
    run_as: [],
    run_as_problem: '',
    slots: 4,
    slots_used: 1,
    rating: 96.04,
    stars: 5,
    load: aSample(),
    attempts: [],
    virtual_servers: ['etl'],
    joined_at: '2026-01-31T08:00:00.000Z',
    last_seen: '2026-01-31T09:05:00.000Z',
    boot_id: 'boot',
    instance: 'instance',
    agent_version: '1.0.0',
    version: 1,
    ...fields,
  };
}

type WireSample = NonNullable<WireServer['load']>;

export function aSample(fields: Partial<WireSample> = {}): WireSample {
  return {
    at: '2026-01-31T09:05:00.000Z',
    agent_clock: '2026-01-31T09:05:00.000Z',
    cpus: 4,
    cpu_idle: 0.75,
    cpu_nice: 0,
    cpu_total: 0.25,
    load1: 1,
    load5: 1,
    load15: 1,
    memory_total: 100,
    memory_available: 60,
    swap_total: 0,
    swap_free: 0,
    disk_total: 1000,
    disk_free: 500,
    own_cpu: 0,
    own_memory: 0,
    ...fields,
  };
}

export function aVirtualServer(fields: Partial<WireVirtualServer> = {}): WireVirtualServer {
  return {
    name: 'etl',
    members: ['js-1'],
    version: 1,
    created_at: '2026-01-31T08:00:00.000Z',
    updated_at: '2026-01-31T08:00:00.000Z',
    ...fields,
  };
}

export type WireAttempt = NonNullable<WireRun['attempts']>[number];

export function anAttempt(fields: Partial<WireAttempt> = {}): WireAttempt {
  return {
    number: 1,
    server: 'js-1',
    state: 'running',
    reason: '',
    offered_at: '2026-01-31T09:05:00Z',
    started_at: '2026-01-31T09:05:00Z',
    ended_at: null,
    ground: null,
    exit: null,
    lease: null,
    log_bytes: 0,
    resumed_from: null,
    unavailable_after: null,
    ...fields,
  };
}

export function aRun(fields: Partial<WireRun> = {}): WireRun {
  return {
    id: '01J9',
    task: 'load-orders',
    state: 'running',
    pinned: false,
    prior: null,
    pending: null,
    cause: { kind: 'api', by: 'admin' },
    scheduled_for: null,
    queued_at: '2026-01-31T09:04:59.000Z',
    started_at: null,
    ended_at: null,
    exit_code: null,
    reason: '',
    policy: 'wait',
    target: { virtual_server: 'etl' },
    leave_running: false,
    unavailable_after: null,
    server: 'js-1',
    attempt: 1,
    tries: 1,
    next: null,
    params: {},
    outputs: {},
    progress: null,
    ...fields,
  };
}

export function aPlan(fields: Partial<WirePlan> = {}): WirePlan {
  return {
    name: 'nightly',
    nodes: [
      { name: 'extract', task: 'extract-orders' },
      { name: 'report', task: 'report-orders' },
    ],
    edges: [{ from: 'extract', to: 'report' }],
    version: 1,
    created_at: '2026-01-31T08:00:00.000Z',
    updated_at: '2026-01-31T08:00:00.000Z',
    ...fields,
  };
}

export function aPlanRun(fields: Partial<WirePlanRun> = {}): WirePlanRun {
  return {
    id: '01JP',
    plan: 'nightly',
    state: 'running',
    reason: '',
    cause: { kind: 'api', by: 'admin' },
    scheduled_for: null,
    started_at: '2026-01-31T09:05:00.000Z',
    ended_at: null,
    counts: {},
    ...fields,
  };
}

export function aPlanNode(fields: Partial<WirePlanNode> = {}): WirePlanNode {
  return {
    name: 'extract',
    task: 'extract-orders',
    state: 'waiting',
    reason: '',
    run: null,
    try: 0,
    started_at: null,
    ended_at: null,
    deadline: null,
    stop: null,
    live: null,
    ...fields,
  };
}

export function aTrigger(fields: Partial<WireTrigger> = {}): WireTrigger {
  return {
    name: 'at-two',
    kind: 'cron',
    task: 'load-orders',
    plan: null,
    pause: null,
    next_at: null,
    due_at: null,
    last: null,
    version: 1,
    created_at: '2026-01-31T08:00:00.000Z',
    updated_at: '2026-01-31T08:00:00.000Z',
    ...fields,
  };
}

export function aSummary(fields: Partial<WireSummary> = {}): WireSummary {
  return {
    at: '2026-01-31T09:05:00.000Z',
    servers: { online: 0, draining: 0, disabled: 0, unreachable: 0, unavailable: 0, never_seen: 0 },
    open_runs: { queued: 0, starting: 0, running: 0, unknown: 0, stopping: 0 },
    oldest_queued_at: null,
    wait_long: 0,
    late: 0,
    failed: 0,
    paused_triggers: 0,
    pauses: 0,
    dead_deliveries: 0,
    minutes: [],
    ...fields,
  };
}

export function anArchiveVersion(fields: Partial<WireArchiveVersion> = {}): WireArchiveVersion {
  return {
    archive: 'load',
    version: '1.0',
    number: 1,
    size: 2048,
    sha256: 'ab'.repeat(32),
    manifest: {
      format: 'zip',
      layout: 'plain',
      command: ['bin/load'],
      contexts: [],
      files: 3,
      unpacked: 4096,
    },
    uploaded_at: '2026-01-31T09:05:00.000Z',
    uploaded_by: 'ops',
    ...fields,
  };
}

export function aDelivery(fields: Partial<WireDelivery> = {}): WireDelivery {
  return {
    id: 'D1',
    channel: 'chat',
    event: 'run_failed',
    title: 'load failed',
    state: 'dead',
    tries: 5,
    next_at: null,
    last_error: 'the receiver answers 500',
    created_at: '2026-01-31T09:00:00.000Z',
    ended_at: '2026-01-31T09:05:00.000Z',
    notice: { text: 'It failed.' } as WireDelivery['notice'],
    ...fields,
  };
}
