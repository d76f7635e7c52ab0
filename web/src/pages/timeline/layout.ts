// Where the bars of a timeline stand. All of it is pure, so that ten thousand bars can be laid out and measured.

import type { AttemptState } from '../../data/states';

/** One bar: an attempt that ran or runs, or a run that is forecast. */
export interface Bar {
  /** The run and the attempt, or the trigger and the instant of a forecast. */
  id: string;
  run: string | null;
  attempt: number;
  task: string;
  server: string;
  /** Forecast bars have not happened yet. */
  state: AttemptState | 'forecast';
  /** The zone of the trigger of a forecast. */
  zone?: string;
  from: number;
  /** Null while it runs. */
  to: number | null;
}

export type LaneBy = 'server' | 'task';

export interface Lane {
  name: string;
  /** The bars of each row, in the order of time and without overlap. */
  rows: Bar[][];
  /** Top of the lane and its height, in pixels. */
  top: number;
  height: number;
  count: number;
}

export interface Layout {
  lanes: Lane[];
  height: number;
}

export const rowHeight = 18;
export const rowGap = 3;
export const lanePadding = 7;
/** Bars that would stand in a further row of a lane are put into its last one, over others. */
const mostRows = 24;

/** Puts bars into lanes, by name, and in each lane into as few rows as keep them from overlapping. */
export function layOut(bars: readonly Bar[], by: LaneBy, now: number): Layout {
  const named = new Map<string, Bar[]>();
  for (const bar of bars) {
    const name = by === 'server' ? bar.server : bar.task;
    const lane = named.get(name);
    if (lane) lane.push(bar);
    else named.set(name, [bar]);
  }
  let top = 0;
  const lanes = [...named.keys()].sort(byName).map((name): Lane => {
    const of = named.get(name) ?? [];
    const rows = pack(of, now);
    const height = rows.length * rowHeight + (rows.length - 1) * rowGap + 2 * lanePadding;
    const lane = { name, rows, top, height, count: of.length };
    top += height;
    return lane;
  });
  return { lanes, height: top };
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** Names in their order, js-2 before js-10; the lane without a name last. */
function byName(a: string, b: string): number {
  if (a === '' || b === '') return a === b ? 0 : a === '' ? 1 : -1;
  return collator.compare(a, b);
}

/** Puts the bars, in the order of their beginnings, each into the first row that is free by then. */
function pack(bars: Bar[], now: number): Bar[][] {
  bars.sort((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1));
  const rows: Bar[][] = [];
  const ends: number[] = [];
  for (const bar of bars) {
    let row = ends.findIndex((end) => end <= bar.from);
    if (row < 0) row = Math.min(rows.length, mostRows - 1);
    if (row === rows.length) {
      rows.push([]);
      ends.push(0);
    }
    rows[row]?.push(bar);
    ends[row] = Math.max(ends[row] ?? 0, endOf(bar, now));
  }
  return rows;
}

/** Until when a bar reaches. */
export function endOf(bar: Bar, now: number): number {
  return bar.to ?? Math.max(now, bar.from);
}

/** Returns the bars of a row that touch a stretch of time: they are in the order of time. */
export function visible(row: readonly Bar[], from: number, to: number, now: number): Bar[] {
  let low = 0;
  let high = row.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const bar = row[middle];
    if (bar && endOf(bar, now) < from) low = middle + 1;
    else high = middle;
  }
  const found: Bar[] = [];
  for (let i = low; i < row.length; i++) {
    const bar = row[i];
    if (!bar || bar.from > to) break;
    found.push(bar);
  }
  return found;
}

/** Returns the bar at a place of the layout, or of those within some pixels the nearest. */
export function barAt(
  layout: Layout,
  x: number,
  y: number,
  view: { from: number; to: number; width: number; now: number },
): Bar | null {
  const lane = layout.lanes.find((l) => y >= l.top && y < l.top + l.height);
  if (!lane) return null;
  const row = lane.rows[Math.floor((y - lane.top - lanePadding) / (rowHeight + rowGap))];
  if (!row) return null;
  const msPerPixel = (view.to - view.from) / view.width;
  const at = view.from + x * msPerPixel;
  const near = 4 * msPerPixel;
  let best: Bar | null = null;
  let distance = Infinity;
  for (const bar of visible(row, at - near, at + near, view.now)) {
    const away = Math.max(bar.from - at, at - endOf(bar, view.now), 0);
    if (away < distance) [best, distance] = [bar, away];
  }
  return best;
}

/** Returns the next bar in a direction: to the side within the row, or up and down to the nearest of another row. */
export function neighbour(
  layout: Layout,
  bar: Bar | null,
  way: 'left' | 'right' | 'up' | 'down',
  now: number,
): Bar | null {
  const rows = layout.lanes.flatMap((lane) => lane.rows);
  if (!bar) return rows[0]?.[0] ?? null;
  const at = rows.findIndex((row) => row.includes(bar));
  const row = rows[at];
  if (!row) return rows[0]?.[0] ?? null;
  if (way === 'left' || way === 'right') {
    return row[row.indexOf(bar) + (way === 'left' ? -1 : 1)] ?? bar;
  }
  const other = rows[at + (way === 'up' ? -1 : 1)];
  if (!other) return bar;
  const middle = (bar.from + endOf(bar, now)) / 2;
  const away = (b: Bar) => Math.abs((b.from + endOf(b, now)) / 2 - middle);
  return other.reduce((best, b) => (away(b) < away(best) ? b : best), other[0] as Bar);
}
