import { expect, it } from 'vitest';

import type { Graph } from '../../../data/plans';
import { cycleOf, graphOf, hintsOf, nodesBefore, wayBetween } from './model';

/** Makes a graph of edges such as "a>b", groups such as "g:x,y", and further nodes. */
function graph(edges: string[], groups: string[] = [], more: string[] = []): Graph {
  const sets = groups.map((text) => {
    const [name = '', nodes = ''] = text.split(':');
    return { name, nodes: nodes.split(',').filter(Boolean), limit: null };
  });
  const ends = edges.map((text) => {
    const [from = '', to = ''] = text.split('>');
    return { from, to, on: 'ok' as const };
  });
  const named = [...ends.flatMap(({ from, to }) => [from, to]), ...sets.flatMap((s) => s.nodes), ...more];
  const nodes = [...new Set(named)].filter((name) => !sets.some((s) => s.name === name));
  return { nodes: nodes.map((name) => ({ name, task: 't' })), groups: sets, edges: ends };
}

it('reads whatever the YAML holds, and keeps the places in its lists', () => {
  const odd = { nodes: 'none', edges: [null, { from: 'a', to: 'b', on: 'sometimes' }], groups: [1] };
  expect(graphOf(odd)).toEqual({
    nodes: [],
    groups: [{ name: '', nodes: [], limit: null }],
    edges: [
      { from: '', to: '', on: 'ok' },
      { from: 'a', to: 'b', on: 'ok' },
    ],
  });
});

it('finds ways through groups, and cycles', () => {
  const plan = graph(['a>g', 'x>c', 'c>d'], ['g:x,y']);
  expect(wayBetween(plan, 'a', 'd')).toEqual(['a', 'g', 'c', 'd']);
  expect(wayBetween(plan, 'd', 'a')).toBeNull();
  expect(cycleOf(plan)).toBeNull();
  expect(cycleOf(graph(['a>b', 'b>c', 'c>a']))).toEqual(['a', 'b', 'c', 'a']);
  expect(cycleOf(graph(['x>b', 'b>g'], ['g:x']))).toEqual(['g', 'b', 'g']);
  expect(cycleOf(graph(['a>a']))).toEqual(['a', 'a']);
});

it('knows whose outputs a node can have', () => {
  const plan = graph(['a>g', 'x>c', 'b>c'], ['g:x,y']);
  expect(nodesBefore(plan, 'c').sort()).toEqual(['a', 'b', 'x']);
  expect(nodesBefore(plan, 'y')).toEqual(['a']);
  expect(nodesBefore(graph(['a>b', 'b>a']), 'a').sort()).toEqual(['a', 'b']);
});

it('says what would be refused before the conductor is asked', () => {
  expect(hintsOf(graph(['a>g', 'g>c'], ['g:b']))).toEqual([]);
  expect(hintsOf(graph(['a>b', 'b>a']))).toEqual(['A cycle: a → b → a']);
  expect(hintsOf(graph(['a>b'], [], ['c']))).toEqual(['No edge joins c with the rest']);
  expect(hintsOf(graph(['a>g'], ['g:']))).toEqual(['The group g has no nodes']);
  expect(hintsOf(graph([]))).toEqual([]);
});
