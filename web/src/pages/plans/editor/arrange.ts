// Where things are on the canvas: as they are laid out, but for what was dragged elsewhere. A plan has no place for that:
// how it is drawn follows from what it says, so what was dragged stays where it is only as long as the canvas is open.

import type { Graph } from '../../../data/plans';
import { leftOf, rightOf } from '../layout';
import type { Box, Layout, Point } from '../layout';
import { groupOf } from './model';
import type { Place } from './model';

/** The distance between edges of one beginning and one end. */
const beside = 20;

/** Puts what was moved where it was dragged, a group with its nodes, and draws the edges to it anew. */
export function arrange(graph: Graph, layout: Layout, moved: ReadonlyMap<string, Point>): Layout {
  if (moved.size === 0) return layout;
  const groups = new Map<string, Box>();
  for (const [name, box] of layout.groups) groups.set(name, { ...box, ...moved.get(name) });
  const nodes = new Map<string, Box>();
  for (const [name, box] of layout.nodes) {
    const group = groupOf(graph, name) ?? '';
    const [was, is] = [layout.groups.get(group), groups.get(group)];
    const shift = was && is ? { x: box.x + is.x - was.x, y: box.y + is.y - was.y } : {};
    nodes.set(name, { ...box, ...shift, ...moved.get(name) });
  }
  const boxes = new Map([...nodes, ...groups]);
  const before = new Map([...layout.nodes, ...layout.groups]);
  const stays = (name: string) => {
    const [is, was] = [boxes.get(name), before.get(name)];
    return is?.x === was?.x && is?.y === was?.y;
  };
  const seen = new Map<string, number>();
  const edges = graph.edges.map(({ from, to }, i) => {
    const nth = seen.get(`${from} ${to}`) ?? 0;
    seen.set(`${from} ${to}`, nth + 1);
    const [start, end] = [boxes.get(from), boxes.get(to)];
    if (!start || !end || (stays(from) && stays(to))) return layout.edges[i] ?? null;
    const points = [rightOf(start), leftOf(end)].map(({ x, y }) => ({ x, y: y + nth * beside }));
    const [a, b] = points as [Point, Point];
    return { points, label: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } };
  });
  const all = [...boxes.values()];
  return {
    nodes,
    groups,
    edges,
    width: Math.max(layout.width, ...all.map((b) => b.x + b.width)),
    height: Math.max(layout.height, ...all.map((b) => b.y + b.height)),
  };
}

/** The node at a point, else the group, but for one that is left out. */
export function placeAt(layout: Layout, at: Point, leftOut = ''): Place | null {
  const covers = ({ x, y, width, height }: Box) =>
    at.x >= x && at.x <= x + width && at.y >= y && at.y <= y + height;
  for (const [name, box] of layout.nodes) if (name !== leftOut && covers(box)) return { kind: 'node', name };
  for (const [name, box] of layout.groups)
    if (name !== leftOut && covers(box)) return { kind: 'group', name };
  return null;
}

/** Which place a node that is dropped at a height takes among the other nodes of a group. */
export function placeInGroup(layout: Layout, others: readonly string[], y: number): number {
  const before = others.filter((name) => {
    const box = layout.nodes.get(name);
    return box !== undefined && box.y + box.height / 2 < y;
  });
  return before.length;
}

export type Direction = 'left' | 'right' | 'up' | 'down';

/** What an arrow key leads to: the nearest thing in its direction, rather straight ahead than near but aside. */
export function nearest(points: ReadonlyMap<string, Point>, from: string, to: Direction): string | null {
  const here = points.get(from);
  if (!here) return null;
  let best: { key: string; far: number } | null = null;
  for (const [key, { x, y }] of points) {
    const [dx, dy] = [x - here.x, y - here.y];
    const ahead = { left: -dx, right: dx, up: -dy, down: dy }[to];
    const aside = Math.abs(to === 'left' || to === 'right' ? dy : dx);
    const far = ahead + 2 * aside;
    if (key !== from && ahead > 1 && (!best || far < best.far)) best = { key, far };
  }
  return best?.key ?? null;
}
