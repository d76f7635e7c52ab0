// The changes that the canvas and its forms make to the document of a plan. Each returns a new document, or says in a
// sentence why it cannot be done; what is not known of the document stays as it is.

import { isObject } from '../../../components/document/document';
import type { Json, JsonObject } from '../../../components/document/document';
import type { Condition } from '../../../data/plans';
import { graphOf, groupOf, listAt, samePlace, textOf, unitOf } from './model';
import type { EdgePlace, Place } from './model';

/** What becomes of a change: the document after it, or why it is not made. */
export type Outcome = { spec: JsonObject } | { fault: string };

type ListKey = 'nodes' | 'groups' | 'edges';

function without(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

/** Returns the document with another list; without it where that is empty, but for the nodes, which are never left out. */
function withList(spec: JsonObject, key: ListKey, list: Json[]): JsonObject {
  return list.length > 0 || key === 'nodes' ? { ...spec, [key]: list } : without(spec, key);
}

function mapped(
  spec: JsonObject,
  key: ListKey,
  change: (item: JsonObject, i: number) => JsonObject,
): JsonObject {
  return spec[key] === undefined ? spec : withList(spec, key, listAt(spec, key).map(change));
}

function filtered(
  spec: JsonObject,
  key: ListKey,
  keep: (item: JsonObject, i: number) => boolean,
): JsonObject {
  return spec[key] === undefined ? spec : withList(spec, key, listAt(spec, key).filter(keep));
}

const mostName = 63;

function namesOf(spec: JsonObject): Set<string> {
  return new Set([...listAt(spec, 'nodes'), ...listAt(spec, 'groups')].map(({ name }) => textOf(name)));
}

/** Makes a name of a wish that no node or group has: load, load-2, load-3. */
export function freeName(spec: JsonObject, wish: string): string {
  const taken = namesOf(spec);
  const base = wish.toLowerCase().replace(/[^a-z0-9_-]+/g, '-') || 'node';
  let name = base.slice(0, mostName);
  for (let i = 2; taken.has(name); i++) name = `${base.slice(0, mostName - String(i).length - 1)}-${i}`;
  return name;
}

/** Why a node or group cannot have a name; null where it can. */
export function nameFault(spec: JsonObject, name: string, now: string): string | null {
  if (name === now) return null;
  if (!/^[a-z0-9_-]{1,63}$/.test(name)) return 'must be 1 to 63 of a-z 0-9 - _';
  return namesOf(spec).has(name) ? 'is the name of another node or group' : null;
}

/** Adds a node that runs a task and returns its name. */
export function addNode(spec: JsonObject, task: string): { spec: JsonObject; name: string } {
  const name = freeName(spec, task);
  return { spec: withList(spec, 'nodes', [...listAt(spec, 'nodes'), { name, task }]), name };
}

/** Adds a group of the nodes named, which leave the groups that they are in. */
export function addGroup(spec: JsonObject, nodes: readonly string[]): { spec: JsonObject; name: string } {
  const name = freeName(spec, 'group');
  const added = withList(spec, 'groups', [...listAt(spec, 'groups'), { name, nodes: [] }]);
  return { spec: nodes.reduce((now, node) => putInGroup(now, node, name), added), name };
}

function namesIn(group: JsonObject): Json[] {
  return Array.isArray(group.nodes) ? group.nodes : [];
}

/** Gives a node another name: in the groups, at the edges and in the references to its outputs too. */
export function renameNode(spec: JsonObject, from: string, to: string): JsonObject {
  const reference = new RegExp(
    `((?<!\\$)\\$\\{\\{\\s*nodes\\.)${from.replace(/[^a-z0-9_-]/g, '\\$&')}(?=\\.outputs\\.)`,
    'g',
  );
  const refer = (value: Json) => (typeof value === 'string' ? value.replace(reference, `$1${to}`) : value);
  let now = mapped(spec, 'nodes', (node) => {
    const named = node.name === from ? { ...node, name: to } : node;
    const { params } = named;
    if (!isObject(params)) return named;
    return {
      ...named,
      params: Object.fromEntries(Object.entries(params).map(([key, value]) => [key, refer(value)])),
    };
  });
  now = mapped(now, 'groups', (group) => ({
    ...group,
    nodes: namesIn(group).map((name) => (name === from ? to : name)),
  }));
  return renameEnds(now, from, to);
}

export function renameGroup(spec: JsonObject, from: string, to: string): JsonObject {
  const renamed = mapped(spec, 'groups', (group) => (group.name === from ? { ...group, name: to } : group));
  return renameEnds(renamed, from, to);
}

function renameEnds(spec: JsonObject, from: string, to: string): JsonObject {
  return mapped(spec, 'edges', (edge) => ({
    ...edge,
    ...(edge.from === from ? { from: to } : {}),
    ...(edge.to === from ? { to } : {}),
  }));
}

/** Removes a node or group with its edges, or an edge. The nodes of a group stay. */
export function remove(spec: JsonObject, place: Place): JsonObject {
  if (place.kind === 'edge') {
    const { edges } = graphOf(spec);
    return filtered(spec, 'edges', (_, i) => !isEdge(edges[i], place));
  }
  const { kind, name } = place;
  const gone = filtered(spec, kind === 'node' ? 'nodes' : 'groups', (item) => item.name !== name);
  const left = kind === 'node' ? leaveGroups(gone, name) : gone;
  return filtered(left, 'edges', ({ from, to }) => from !== name && to !== name);
}

function isEdge(edge: Omit<EdgePlace, 'kind'> | undefined, place: EdgePlace): boolean {
  return edge !== undefined && samePlace({ kind: 'edge', ...edge }, place);
}

/** Joins two ends. An edge leads to the group of a node, never to the node in it. */
export function connect(spec: JsonObject, from: string, to: string, on: Condition): Outcome {
  const graph = graphOf(spec);
  const end = unitOf(graph, to);
  if (unitOf(graph, from) === end) {
    return { fault: from === end ? `${from} cannot follow itself` : `${from} and ${to} are in one group` };
  }
  if (graph.edges.some((edge) => edge.from === from && edge.to === end && edge.on === on)) {
    return { fault: 'There is such an edge already' };
  }
  const edge: JsonObject = { from, to: end, ...(on === 'ok' ? {} : { on }) };
  return { spec: withList(spec, 'edges', [...listAt(spec, 'edges'), edge]) };
}

/** Changes when an edge is taken. */
export function setCondition(spec: JsonObject, edge: EdgePlace, on: Condition): Outcome {
  const { edges } = graphOf(spec);
  if (on !== edge.on && edges.some((other) => isEdge(other, { ...edge, on }))) {
    return { fault: 'There is such an edge already' };
  }
  const changed = mapped(spec, 'edges', (item, i) => {
    if (!isEdge(edges[i], edge)) return item;
    return on === 'ok' ? without(item, 'on') : { ...item, on };
  });
  return { spec: changed };
}

function leaveGroups(spec: JsonObject, node: string): JsonObject {
  return mapped(spec, 'groups', (group) => ({
    ...group,
    nodes: namesIn(group).filter((name) => name !== node),
  }));
}

/**
 * Puts a node into a group, at a place among its other nodes or at their end; null takes it out. Edges that led to the
 * node lead to the group from then on, and the join of the node, which only the group may have, is left out.
 */
export function putInGroup(
  spec: JsonObject,
  node: string,
  group: string | null,
  place = Number.MAX_SAFE_INTEGER,
): JsonObject {
  const out = leaveGroups(spec, node);
  if (group === null) return out;
  let now = mapped(out, 'groups', (item) => {
    if (item.name !== group) return item;
    const nodes = [...namesIn(item)];
    nodes.splice(place, 0, node);
    return { ...item, nodes };
  });
  now = mapped(now, 'nodes', (item) => (item.name === node ? without(item, 'join') : item));
  now = mapped(now, 'edges', (edge) => (edge.to === node ? { ...edge, to: group } : edge));
  return withoutInner(now, group);
}

/** Leaves out the edges that lead from a group to itself, and those to it that there are twice. */
function withoutInner(spec: JsonObject, group: string): JsonObject {
  const graph = graphOf(spec);
  const seen = new Set<string>();
  return filtered(spec, 'edges', (_, i) => {
    const edge = graph.edges[i];
    if (edge?.to !== group) return true;
    const key = `${edge.from} ${edge.on}`;
    if (edge.from === group || groupOf(graph, edge.from) === group || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
