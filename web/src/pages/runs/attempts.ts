// The attempts of a run as a timeline: a row for each server in the order in which the run came to them, a bar for each
// attempt, a mark for each checkpoint, and a line from the checkpoint that an attempt took over.

import type { AttemptState } from '../../data/states';

export interface DrawnAttempt {
  number: number;
  server: string;
  state: AttemptState;
  from: number;
  /** Null while it is open. */
  to: number | null;
  /** Sequence of the checkpoint that it went on from, or null. */
  resumedFrom: number | null;
}

export interface DrawnCheckpoint {
  sequence: number;
  attempt: number;
  name: string;
  at: number;
}

export interface AttemptBar {
  attempt: number;
  row: number;
  state: AttemptState;
  open: boolean;
  from: number;
  /** Null while it is open. */
  to: number | null;
  /** Shares of the whole width, 0 to 1. */
  left: number;
  right: number;
}

export interface AttemptMark {
  sequence: number;
  name: string;
  at: number;
  row: number;
  x: number;
}

export interface AttemptLink {
  from: { row: number; x: number };
  to: { row: number; x: number };
  /** The checkpoint taken over, or null for a new beginning. */
  checkpoint: number | null;
}

export interface AttemptDrawing {
  servers: string[];
  bars: AttemptBar[];
  marks: AttemptMark[];
  links: AttemptLink[];
  from: number;
  to: number;
}

/** The shortest stretch of time that is drawn. */
const leastMs = 2000;

/** Returns where everything stands; the width reaches from the first attempt to its last end, or to now. */
export function drawAttempts(
  attempts: readonly DrawnAttempt[],
  checkpoints: readonly DrawnCheckpoint[],
  now: number,
): AttemptDrawing {
  const servers = [...new Set(attempts.map((a) => a.server))];
  const from = Math.min(...attempts.map((a) => a.from), now);
  const end = Math.max(...attempts.map((a) => a.to ?? now), from);
  const to = Math.max(end, from + leastMs);
  const x = (at: number) => Math.min(1, Math.max(0, (at - from) / (to - from)));
  const row = (server: string) => servers.indexOf(server);
  const of = new Map(attempts.map((a) => [a.number, a]));

  const bars = attempts.map((a): AttemptBar => ({
    attempt: a.number,
    row: row(a.server),
    state: a.state,
    open: a.to === null,
    from: a.from,
    to: a.to,
    left: x(a.from),
    right: x(a.to ?? now),
  }));
  const marks = checkpoints.flatMap((c): AttemptMark[] => {
    const attempt = of.get(c.attempt);
    return attempt
      ? [{ sequence: c.sequence, name: c.name, at: c.at, row: row(attempt.server), x: x(c.at) }]
      : [];
  });
  const links = attempts.slice(1).flatMap((a, i): AttemptLink[] => {
    const before = attempts[i];
    if (!before) return [];
    const mark = a.resumedFrom === null ? undefined : marks.find((m) => m.sequence === a.resumedFrom);
    const start = mark ?? { row: row(before.server), x: x(before.to ?? a.from) };
    return [
      {
        from: { row: start.row, x: start.x },
        to: { row: row(a.server), x: x(a.from) },
        checkpoint: a.resumedFrom,
      },
    ];
  });
  return { servers, bars, marks, links, from, to };
}
