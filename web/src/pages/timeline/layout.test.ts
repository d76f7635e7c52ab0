import { describe, expect, it } from 'vitest';

import { barAt, lanePadding, layOut, neighbour, rowGap, rowHeight, visible } from './layout';
import type { Bar } from './layout';

const now = 1000;

function bar(from: number, to: number | null, more: Partial<Bar> = {}): Bar {
  const id = `${more.server ?? 'js-1'}/${from}`;
  return { id, run: id, attempt: 1, task: 'load', server: 'js-1', state: 'succeeded', from, to, ...more };
}

const starts = (rows: Bar[][] | undefined) => rows?.map((row) => row.map((b) => b.from));

describe('layOut', () => {
  it('makes a lane of each server or task, numbers in their order and the nameless last', () => {
    const bars = ['js-10', '', 'js-2', 'js-1'].map((server, i) =>
      bar(i, i + 1, { server, task: `t${3 - i}` }),
    );
    expect(layOut(bars, 'server', now).lanes.map((lane) => lane.name)).toEqual(['js-1', 'js-2', 'js-10', '']);
    expect(layOut(bars, 'task', now).lanes.map((lane) => lane.name)).toEqual(['t0', 't1', 't2', 't3']);
  });

  it('puts bars that overlap into rows below each other, and others behind each other', () => {
    const { lanes } = layOut([bar(0, 10), bar(20, 30), bar(5, 15), bar(10, 12), bar(25, 26)], 'server', now);
    expect(starts(lanes[0]?.rows)).toEqual([
      [0, 10, 20],
      [5, 25],
    ]);
  });

  it('lets a bar that runs reach to now', () => {
    const { lanes } = layOut([bar(0, null), bar(999, 1001), bar(1000, 1002)], 'server', now);
    expect(starts(lanes[0]?.rows)).toEqual([[0, 1000], [999]]);
  });

  it('stacks the lanes without gaps', () => {
    const layout = layOut([bar(0, 10), bar(5, 15), bar(0, 1, { server: 'js-2' })], 'server', now);
    const [first, second] = layout.lanes;
    expect(first?.height).toBe(2 * rowHeight + rowGap + 2 * lanePadding);
    expect(second?.top).toBe(first?.height);
    expect(layout.height).toBe((second?.top ?? 0) + (second?.height ?? 0));
  });

  it('does not grow without bound where very many overlap', () => {
    const many = Array.from({ length: 200 }, (_, i) => bar(i, 900));
    const lane = layOut(many, 'server', now).lanes[0];
    expect(lane?.rows.length).toBe(24);
    expect(lane?.rows.flat().length).toBe(200);
  });
});

describe('finding bars', () => {
  const layout = layOut(
    [bar(0, 100), bar(200, 300), bar(50, 60), bar(0, 10, { server: 'js-2' })],
    'server',
    now,
  );
  const rows = layout.lanes[0]?.rows ?? [];
  const view = { from: 0, to: 1000, width: 1000, now };
  const yOf = (row: number) => lanePadding + row * (rowHeight + rowGap) + 3;

  it('shows of a row what touches a stretch of time', () => {
    expect(visible(rows[0] ?? [], 90, 210, now).map((b) => b.from)).toEqual([0, 200]);
    expect(visible(rows[0] ?? [], 101, 199, now)).toEqual([]);
  });

  it('finds the bar under the pointer, and one that is a little beside it', () => {
    expect(barAt(layout, 50, yOf(0), view)?.from).toBe(0);
    expect(barAt(layout, 103, yOf(0), view)?.from).toBe(0);
    expect(barAt(layout, 150, yOf(0), view)).toBeNull();
    expect(barAt(layout, 55, yOf(1), view)?.from).toBe(50);
    expect(barAt(layout, 55, 5000, view)).toBeNull();
  });

  it('goes from bar to bar with the arrow keys', () => {
    const first = neighbour(layout, null, 'right', now);
    expect(first?.from).toBe(0);
    const second = neighbour(layout, first, 'right', now);
    expect(second?.from).toBe(200);
    expect(neighbour(layout, second, 'right', now)).toBe(second);
    expect(neighbour(layout, second, 'down', now)?.from).toBe(50);
    expect(neighbour(layout, first, 'up', now)).toBe(first);
  });
});
