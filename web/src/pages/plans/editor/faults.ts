// What the conductor has refused of a plan, at the nodes, groups and edges that it spoke of. It names them by their places
// in the lists that were sent, which may have become others since.

import { pathOf } from '../../../components/document/document';
import type { JsonObject, Path } from '../../../components/document/document';
import { fieldOf } from '../../../components/document/fields';
import type { Refused } from '../../../components/document/fields';
import { graphOf, keyOf, unitOf, wayBetween } from './model';
import type { EdgePlace, Place } from './model';

/** The node, group or edge of a document that a field is of, or null. */
export function placeOf(spec: JsonObject, [list, index]: Path): Place | null {
  const graph = graphOf(spec);
  if (typeof index !== 'number') return null;
  const edge = list === 'edges' ? graph.edges[index] : undefined;
  if (edge) return { kind: 'edge', ...edge };
  const item = list === 'nodes' ? graph.nodes[index] : list === 'groups' ? graph.groups[index] : undefined;
  return item ? { kind: list === 'nodes' ? 'node' : 'group', name: item.name } : null;
}

/** What is wrong with each place, by its key. All edges of a cycle are marked, and not only the one that was named. */
export function faultsOf(refused: Refused | null): Map<string, string[]> {
  const faults = new Map<string, string[]>();
  if (!refused) return faults;
  for (const { field, reason } of refused.error.fields) {
    const place = placeOf(refused.spec, pathOf(field));
    if (!place) continue;
    const marked = place.kind === 'edge' && reason.includes('cycle') ? around(refused.spec, place) : [place];
    for (const one of marked) faults.set(keyOf(one), [...(faults.get(keyOf(one)) ?? []), reason]);
  }
  return faults;
}

/** The edges of the cycle that an edge closes. */
function around(spec: JsonObject, closing: EdgePlace): Place[] {
  const graph = graphOf(spec);
  const way = wayBetween(graph, closing.to, closing.from);
  if (!way) return [closing];
  const cycle = [...way, ...way.slice(0, 1)];
  const found = graph.edges.filter(({ from, to }) => {
    const [a, b] = [unitOf(graph, from), unitOf(graph, to)];
    return cycle.some((unit, i) => unit === a && cycle[i + 1] === b);
  });
  return found.map((edge) => ({ kind: 'edge', ...edge }));
}

/** What was refused, by the fields as they are now: a node that has another place in its list takes its faults along. */
export function errorsNow(refused: Refused | null, spec: JsonObject): Map<string, string> {
  const errors = new Map<string, string>();
  const graph = graphOf(spec);
  for (const { field, reason } of refused?.error.fields ?? []) {
    const path = pathOf(field);
    const place = refused ? placeOf(refused.spec, path) : null;
    if (!place) errors.set(field, reason);
    else if (place.kind !== 'edge') {
      const list = place.kind === 'node' ? 'nodes' : 'groups';
      const index = graph[list].findIndex(({ name }) => name === place.name);
      if (index >= 0) errors.set(fieldOf([list, index, ...path.slice(2)]), reason);
    }
  }
  return errors;
}
