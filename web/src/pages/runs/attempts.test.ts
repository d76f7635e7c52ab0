import { expect, it } from 'vitest';

import { drawAttempts } from './attempts';
import type { DrawnAttempt } from './attempts';

const attempt = (
  number: number,
  server: string,
  from: number,
  to: number | null,
  more: Partial<DrawnAttempt> = {},
) => ({
  number,
  server,
  from,
  to,
  state: to === null ? ('running' as const) : ('unavailable' as const),
  resumedFrom: null,
  ...more,
});

const checkpoint = (sequence: number, attempt: number, at: number) => ({
  sequence,
  attempt,
  at,
  name: `cp${sequence}`,
});

it('gives each server a row, in the order in which the run came to them', () => {
  const d = drawAttempts(
    [attempt(1, 'js-2', 0, 4000), attempt(2, 'js-1', 6000, 8000), attempt(3, 'js-2', 9000, null)],
    [],
    10_000,
  );
  expect(d.servers).toEqual(['js-2', 'js-1']);
  expect(d.bars.map((b) => [b.row, b.left, b.right, b.open])).toEqual([
    [0, 0, 0.4, false],
    [1, 0.6, 0.8, false],
    [0, 0.9, 1, true],
  ]);
});

it('leads from the checkpoint that was taken over, and from the end where none was', () => {
  const d = drawAttempts(
    [
      attempt(1, 'js-1', 0, 5000),
      attempt(2, 'js-2', 8000, 9000, { resumedFrom: 2 }),
      attempt(3, 'js-3', 9500, null),
    ],
    [checkpoint(1, 1, 1000), checkpoint(2, 1, 4000)],
    10_000,
  );
  expect(d.marks.map((m) => [m.sequence, m.row, m.x])).toEqual([
    [1, 0, 0.1],
    [2, 0, 0.4],
  ]);
  expect(d.links).toEqual([
    { from: { row: 0, x: 0.4 }, to: { row: 1, x: 0.8 }, checkpoint: 2 },
    { from: { row: 1, x: 0.9 }, to: { row: 2, x: 0.95 }, checkpoint: null },
  ]);
});

it('draws a run that has just begun, and one whose clock is ahead, within the width', () => {
  const young = drawAttempts([attempt(1, 'js-1', 1000, null)], [], 1000);
  expect(young.to - young.from).toBe(2000);
  const ahead = drawAttempts([attempt(1, 'js-1', 5000, null)], [], 1000);
  for (const bar of ahead.bars) {
    expect(bar.left).toBeGreaterThanOrEqual(0);
    expect(bar.right).toBeLessThanOrEqual(1);
  }
});

it('leaves out checkpoints of attempts that are not there', () => {
  expect(drawAttempts([attempt(1, 'js-1', 0, 10)], [checkpoint(1, 7, 5)], 10).marks).toEqual([]);
});
