// Where the nodes, groups and edges of a plan are drawn: layers from left to right, each after all that it follows.

import type { Graph, GraphEdge, GraphGroup } from '../../data/plans';

export const nodeWidth = 196;
export const nodeHeight = 66;
/** Between two layers, wide enough for the words of an edge. */
const layerGap = 92;
const rowGap = 22;
/** Inside a group. */
const pad = 12;
const titleHeight = 30;
const memberGap = 10;
/** The height that an edge takes in a layer that it passes. */
const passHeight = 10;
const sweeps = 6;
/** Begins the name of an edge's place in a layer; no node has it in its own. */
const passMark = '~';

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Layout {
  width: number;
  height: number;
  nodes: Map<string, Box>;
  groups: Map<string, Box>;
  /** In the order of the plan's edges; an edge whose ends are not there has no line. */
  edges: (Line | null)[];
}

export interface Line {
  /** From the right of where it begins, through the layers that it passes, to the left of where it ends. */
  points: Point[];
  label: Point;
}

/** What takes a place in a layer: a node, a whole group, or an edge that passes. */
interface Unit {
  id: string;
  width: number;
  height: number;
  layer: number;
  before: string[];
  after: string[];
}

/** Lays a plan out. Plans that are being written are laid out as far as they go: cycles and loose ends do no harm. */
export function layOut(graph: Graph): Layout {
  const { units, unitOf } = unitsOf(graph);
  assignLayers(units);
  const passes = graph.edges.map((edge, i) => passThrough(units, edge, i, unitOf));
  const layers = ordered(layersOf(units));
  const boxes = place(layers);
  const nodes = new Map<string, Box>();
  const groups = new Map<string, Box>();
  const names = new Set(graph.nodes.map((node) => node.name));
  const frames = graph.groups.filter((group) => !names.has(group.name));
  const grouped = new Map(frames.map((group) => [group.name, group]));
  for (const [id, box] of boxes) {
    const group = grouped.get(id);
    if (group) {
      groups.set(id, box);
      membersOf(group, unitOf).forEach((name, i) => nodes.set(name, memberBox(box, i)));
    } else if (unitOf.has(id)) nodes.set(id, box);
  }
  const ends = new Map([...nodes, ...groups]);
  const lines = graph.edges.map((edge, i) =>
    pointsOf(
      edge,
      ends,
      (passes[i] ?? []).map((id) => boxes.get(id)),
    ),
  );
  const all = [...boxes.values()];
  return {
    width: Math.max(0, ...all.map((b) => b.x + b.width)),
    height: Math.max(0, ...all.map((b) => b.y + b.height)),
    nodes,
    groups,
    edges: spread(graph.edges, lines),
  };
}

function unitsOf(graph: Graph): { units: Map<string, Unit>; unitOf: Map<string, string> } {
  const units = new Map<string, Unit>();
  const unitOf = new Map<string, string>();
  const known = new Set(graph.nodes.map((node) => node.name));
  for (const group of graph.groups) {
    // A node belongs to the first group that has it.
    const members = group.nodes.filter((name) => known.has(name) && !unitOf.has(name));
    if (units.has(group.name) || known.has(group.name)) continue;
    for (const name of members) unitOf.set(name, group.name);
    const height = titleHeight + pad + Math.max(1, members.length) * (nodeHeight + memberGap) - memberGap;
    units.set(group.name, unit(group.name, nodeWidth + 2 * pad, height));
    unitOf.set(group.name, group.name);
  }
  for (const { name } of graph.nodes) {
    if (unitOf.has(name)) continue;
    units.set(name, unit(name, nodeWidth, nodeHeight));
    unitOf.set(name, name);
  }
  for (const { from, to } of graph.edges) {
    const [first, then] = [unitOf.get(from), unitOf.get(to)];
    if (first === undefined || then === undefined || first === then) continue;
    units.get(first)?.after.push(then);
    units.get(then)?.before.push(first);
  }
  return { units, unitOf };
}

function unit(id: string, width: number, height: number): Unit {
  return { id, width, height, layer: 0, before: [], after: [] };
}

function membersOf(group: GraphGroup, unitOf: Map<string, string>): string[] {
  return [...new Set(group.nodes)].filter((name) => unitOf.get(name) === group.name);
}

/** Gives each unit the layer after the last of those that it follows. What is in a cycle begins where it is met. */
function assignLayers(units: Map<string, Unit>): void {
  const state = new Map<string, 'open' | 'done'>();
  const visit = (u: Unit): number => {
    if (state.get(u.id) === 'done') return u.layer;
    if (state.get(u.id) === 'open') return -1;
    state.set(u.id, 'open');
    for (const id of u.before) {
      const earlier = units.get(id);
      if (earlier) u.layer = Math.max(u.layer, visit(earlier) + 1);
    }
    state.set(u.id, 'done');
    return u.layer;
  };
  for (const u of units.values()) visit(u);
}

/** Puts a place into each layer that an edge passes, so that no node stands in its way, and returns them. */
function passThrough(
  units: Map<string, Unit>,
  edge: GraphEdge,
  index: number,
  unitOf: Map<string, string>,
): string[] {
  const from = units.get(unitOf.get(edge.from) ?? '');
  const to = units.get(unitOf.get(edge.to) ?? '');
  if (!from || !to || to.layer - from.layer < 2) return [];
  const ids: string[] = [];
  let last = from;
  for (let layer = from.layer + 1; layer < to.layer; layer++) {
    const pass = { ...unit(`${passMark}${index}.${layer}`, 0, passHeight), layer, before: [last.id] };
    last.after.push(pass.id);
    units.set(pass.id, pass);
    ids.push(pass.id);
    last = pass;
  }
  last.after.push(to.id);
  to.before.push(last.id);
  return ids;
}

function layersOf(units: Map<string, Unit>): Unit[][] {
  const layers: Unit[][] = [];
  for (const u of units.values()) (layers[u.layer] ??= []).push(u);
  return layers;
}

/** Orders each layer so that few edges cross: sweeps that put each unit at the middle of its neighbours. */
function ordered(layers: Unit[][]): Unit[][] {
  let best = layers;
  let least = crossings(layers);
  let now = layers;
  for (let i = 0; i < sweeps && least > 0; i++) {
    now = sweep(now, i % 2 === 0);
    const count = crossings(now);
    if (count < least) [best, least] = [now, count];
  }
  return best;
}

function sweep(layers: Unit[][], forth: boolean): Unit[][] {
  const result = layers.map((layer) => [...layer]);
  const turn = forth ? result.keys() : [...result.keys()].reverse();
  for (const i of turn) {
    const beside = result[forth ? i - 1 : i + 1];
    const layer = result[i];
    if (!beside || !layer) continue;
    const position = new Map(beside.map((u, p) => [u.id, p]));
    const middle = new Map(
      layer.map((u, p) => {
        const at = (forth ? u.before : u.after).flatMap((id) => position.get(id) ?? []);
        return [u.id, at.length === 0 ? p : at.reduce((sum, q) => sum + q, 0) / at.length];
      }),
    );
    layer.sort((a, b) => (middle.get(a.id) ?? 0) - (middle.get(b.id) ?? 0));
  }
  return result;
}

/** Counts the crossings of edges between layers that follow each other. */
export function crossings(layers: readonly (readonly Pick<Unit, 'id' | 'after'>[])[]): number {
  let count = 0;
  layers.forEach((layer, i) => {
    const position = new Map((layers[i + 1] ?? []).map((u, p) => [u.id, p]));
    const ends = layer.map((u) => u.after.flatMap((id) => position.get(id) ?? []));
    ends.forEach((mine, a) => {
      for (const theirs of ends.slice(a + 1)) {
        for (const m of mine) count += theirs.filter((t) => t < m).length;
      }
    });
  });
  return count;
}

function isPass(id: string): boolean {
  return id.startsWith(passMark);
}

/** Puts the layers beside each other, and each in the middle of the height. */
function place(layers: Unit[][]): Map<string, Box> {
  const heightOf = (layer: Unit[]) => layer.reduce((sum, u) => sum + u.height + rowGap, -rowGap);
  const most = Math.max(0, ...layers.map(heightOf));
  const boxes = new Map<string, Box>();
  let x = 0;
  for (const layer of layers) {
    const width = Math.max(...layer.map((u) => u.width));
    let y = (most - heightOf(layer)) / 2;
    for (const u of layer) {
      const own = isPass(u.id) ? width : u.width;
      boxes.set(u.id, { x: x + (width - own) / 2, y, width: own, height: u.height });
      y += u.height + rowGap;
    }
    x += width + layerGap;
  }
  return boxes;
}

function memberBox(group: Box, index: number): Box {
  const y = group.y + titleHeight + index * (nodeHeight + memberGap);
  return { x: group.x + pad, y, width: nodeWidth, height: nodeHeight };
}

function pointsOf(edge: GraphEdge, ends: Map<string, Box>, passes: (Box | undefined)[]): Point[] {
  const from = ends.get(edge.from);
  const to = ends.get(edge.to);
  if (!from || !to) return [];
  const through = passes.flatMap((box) => (box ? [leftOf(box), rightOf(box)] : []));
  return [rightOf(from), ...through, leftOf(to)];
}

export function leftOf(box: Box): Point {
  return { x: box.x, y: box.y + box.height / 2 };
}

export function rightOf(box: Box): Point {
  return { x: box.x + box.width, y: box.y + box.height / 2 };
}

/** Draws edges of one beginning and one end apart, and puts the words of each into the middle of its first stretch. */
function spread(edges: readonly GraphEdge[], lines: Point[][]): (Line | null)[] {
  const seen = new Map<string, number>();
  return edges.map((edge, i) => {
    const key = `${edge.from}\n${edge.to}`;
    const nth = seen.get(key) ?? 0;
    seen.set(key, nth + 1);
    const points = (lines[i] ?? []).map(({ x, y }) => ({ x, y: y + nth * 20 }));
    const [a, b] = points;
    return a && b ? { points, label: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } } : null;
  });
}

/** Writes a line as the path of an SVG: bends that leave and arrive level. */
export function pathOf(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return '';
  let at = first;
  let path = `M${first.x} ${first.y}`;
  for (const to of rest) {
    const bend = Math.max(24, Math.abs(to.x - at.x) / 2);
    path += ` C${at.x + bend} ${at.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
    at = to;
  }
  return path;
}
