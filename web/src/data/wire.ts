// What the API sends, as package api/wire of the conductor writes it. Only the fields that the console uses are named.
// Nothing but model.ts reads these types.

export interface WirePage<T> {
  items: T[];
  next_cursor: string | null;
}

export interface WireProblem {
  title: string;
  status: number;
  detail: string;
}

export interface WireSession {
  by: string;
}

export interface WireSample {
  at: string;
  cpus: number;
  cpu_total: number;
  memory_total: number;
  memory_available: number;
}

export interface WireServer {
  name: string;
  kind: string;
  status: string;
  reason: string;
  slots: number;
  slots_used: number;
  rating: number | null;
  stars: number | null;
  load: WireSample | null;
  virtual_servers: string[];
  last_seen: string | null;
}

export interface WireVirtualServer {
  name: string;
  description?: string;
  members?: string[];
  selection?: string;
  inactive?: boolean;
}

export interface WireTerm {
  indicator: string;
  value: number;
  penalty: number;
}

export interface WireVerdict {
  server: string;
  refused?: string;
  refused_because?: string;
  rating: number;
  stars: number;
  terms?: WireTerm[] | null;
  sample_age_ms: number;
  slots_used: number;
  slots: number;
}

export interface WirePlacement {
  at: string;
  virtual_server?: string;
  selection?: string;
  chosen?: string;
  reason: string;
  candidates: WireVerdict[];
}

export interface WireAttempt {
  number: number;
  server: string;
  state: string;
  reason: string;
  offered_at: string;
  started_at: string | null;
  ended_at: string | null;
  ground: string | null;
  placement?: WirePlacement;
}

export interface WireRun {
  id: string;
  task: string;
  state: string;
  cause: { kind: string; by: string };
  queued_at: string;
  started_at: string | null;
  ended_at: string | null;
  exit_code: number | null;
  reason: string;
  server: string | null;
  attempt: number;
  progress: { percent: number; message: string } | null;
  attempts?: WireAttempt[];
  waiting?: WirePlacement;
}

export interface WireEvent {
  id: number;
  kind: string;
  subject: string;
}

export interface WireLogChunk {
  attempt: number;
  offset: number;
  next: number;
  pieces: { at: string; stream: 'stdout' | 'stderr' | 'segno'; text?: string; base64?: string }[];
}
