// A plan that is being written, read as a graph. Whatever the YAML holds is read as far as it goes: a list that is none is
// empty, and what has no name has an empty one, so that the places in a list stay those of the document.

import { isObject } from '../../../components/document/document';
import type { Json, JsonObject } from '../../../components/document/document';
import { conditions } from '../../../data/plans';
import type { Condition, Graph, GraphEdge } from '../../../data/plans';

/** An edge, known by what it joins and when, which no two edges of a plan share. */
export type EdgePlace = { kind: 'edge' } & GraphEdge;

/** What can be chosen in a plan. */
export type Place = { kind: 'node' | 'group'; name: string } | EdgePlace;

export function samePlace(a: Place | null, b: Place | null): boolean {
  return a === b || (a !== null && b !== null && keyOf(a) === keyOf(b));
}

/** A text that no other place of the plan has. */
export function keyOf(place: Place): string {
  return place.kind === 'edge' ? `edge ${place.from} ${place.to} ${place.on}` : `${place.kind} ${place.name}`;
}

export function listAt(spec: JsonObject, key: 'nodes' | 'groups' | 'edges'): JsonObject[] {
  const list = spec[key];
  return Array.isArray(list) ? list.map((item) => (isObject(item) ? item : {})) : [];
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function onOf(value: Json | undefined): Condition {
  return conditions.find((on) => on === value) ?? 'ok';
}

export function graphOf(spec: JsonObject): Graph {
  return {
    nodes: listAt(spec, 'nodes').map(({ name, task }) => ({ name: textOf(name), task: textOf(task) })),
    groups: listAt(spec, 'groups').map(({ name, nodes, limit }) => ({
      name: textOf(name),
      nodes: Array.isArray(nodes) ? nodes.map(textOf) : [],
      limit: typeof limit === 'number' && limit > 0 ? limit : null,
    })),
    edges: listAt(spec, 'edges').map(({ from, to, on }) => ({
      from: textOf(from),
      to: textOf(to),
      on: onOf(on),
    })),
  };
}

/** Whether the plan has what is chosen. */
export function has(graph: Graph, place: Place): boolean {
  if (place.kind === 'edge') return graph.edges.some((edge) => samePlace({ kind: 'edge', ...edge }, place));
  const all = place.kind === 'node' ? graph.nodes : graph.groups;
  return all.some(({ name }) => name === place.name);
}

/** The group of a node, or null. */
export function groupOf(graph: Graph, node: string): string | null {
  return graph.groups.find(({ nodes }) => nodes.includes(node))?.name ?? null;
}

/** What starts as one: a group, or a node that is in none. */
export function unitOf(graph: Graph, name: string): string {
  return groupOf(graph, name) ?? name;
}

export function unitsOf(graph: Graph): string[] {
  return [...new Set([...graph.nodes, ...graph.groups].map(({ name }) => unitOf(graph, name)))];
}

/** The units, each with those that edges lead to from it. */
function followers(graph: Graph): Map<string, string[]> {
  const inGroup = new Map(graph.groups.flatMap(({ name, nodes }) => nodes.map((node) => [node, name])));
  const unit = (name: string) => inGroup.get(name) ?? name;
  const after = new Map<string, string[]>();
  for (const { from, to } of graph.edges) {
    const list = after.get(unit(from)) ?? [];
    after.set(unit(from), [...list, unit(to)]);
  }
  return after;
}

/** The shortest way from one unit to another along the edges, both ends included; null where there is none. */
export function wayBetween(graph: Graph, from: string, to: string): string[] | null {
  return wayAlong(followers(graph), unitOf(graph, from), unitOf(graph, to));
}

function wayAlong(after: Map<string, string[]>, start: string, end: string): string[] | null {
  const ways = new Map([[start, [start]]]);
  for (const [at, way] of ways) {
    if (at === end) return way;
    for (const next of after.get(at) ?? []) if (!ways.has(next)) ways.set(next, [...way, next]);
  }
  return null;
}

/** A way around in the plan, the first unit again at its end; null where there is none. */
export function cycleOf(graph: Graph): string[] | null {
  const after = followers(graph);
  for (const [from, ends] of after) {
    for (const to of ends) {
      const way = wayAlong(after, to, from);
      if (way) return [from, ...way];
    }
  }
  return null;
}

/** The nodes that come before a node, or before its group: those whose outputs it can have. */
export function nodesBefore(graph: Graph, node: string): string[] {
  const found = new Set<string>();
  const units = new Set([unitOf(graph, node)]);
  for (const unit of units) {
    for (const { from, to } of graph.edges) {
      if (unitOf(graph, to) !== unit) continue;
      const group = graph.groups.find(({ name }) => name === from);
      for (const name of group ? group.nodes : [from]) found.add(name);
      units.add(unitOf(graph, from));
    }
  }
  return graph.nodes.map(({ name }) => name).filter((name) => found.has(name));
}

/** What the conductor would refuse in the shape of the graph, in sentences, before it is asked. */
export function hintsOf(graph: Graph): string[] {
  const hints: string[] = [];
  const cycle = cycleOf(graph);
  if (cycle) hints.push(`A cycle: ${cycle.join(' → ')}`);
  for (const { name, nodes } of graph.groups) {
    if (nodes.length === 0) hints.push(`The group ${name} has no nodes`);
  }
  const apart = apartOf(graph);
  if (apart !== null) hints.push(`No edge joins ${apart} with the rest`);
  return hints;
}

/** A unit that no edge joins with the first one, or null. */
function apartOf(graph: Graph): string | null {
  const all = unitsOf(graph);
  const [first] = all;
  if (first === undefined) return null;
  const beside = new Map<string, string[]>(all.map((name) => [name, []]));
  for (const edge of graph.edges) {
    const [from, to] = [unitOf(graph, edge.from), unitOf(graph, edge.to)];
    beside.get(from)?.push(to);
    beside.get(to)?.push(from);
  }
  const reached = new Set([first]);
  for (const name of reached) for (const next of beside.get(name) ?? []) reached.add(next);
  return all.find((name) => !reached.has(name)) ?? null;
}
