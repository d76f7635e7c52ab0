import { expect, it } from 'vitest';

import type { Graph } from '../../data/plans';
import { crossings, layOut, pathOf } from './layout';
import type { Box } from './layout';

/** Makes a graph of edges such as "a>b" and groups such as "g:x,y". */
function aGraph(edges: string[], groups: string[] = [], alone: string[] = []): Graph {
  const parsed = groups.map((text) => {
    const [name = '', nodes = ''] = text.split(':');
    return { name, nodes: nodes.split(','), limit: null };
  });
  const pairs = edges.map((text) => {
    const [from = '', to = ''] = text.split('>');
    return { from, to, on: 'ok' as const };
  });
  const names = new Set([
    ...alone,
    ...pairs.flatMap((e) => [e.from, e.to]),
    ...parsed.flatMap((g) => g.nodes),
  ]);
  for (const group of parsed) names.delete(group.name);
  return { nodes: [...names].map((name) => ({ name, task: 't' })), groups: parsed, edges: pairs };
}

function box(boxes: Map<string, Box>, name: string): Box {
  const found = boxes.get(name);
  if (!found) throw new Error(`${name} has no place`);
  return found;
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

it('puts each node to the right of all that it follows', () => {
  const graph = aGraph(['a>b', 'b>c', 'a>c', 'c>d', 'a>d']);
  const { nodes } = layOut(graph);
  for (const { from, to } of graph.edges) {
    expect(box(nodes, from).x + box(nodes, from).width).toBeLessThan(box(nodes, to).x);
  }
});

it('lets no two nodes or groups overlap, in a plan of 500 nodes too', () => {
  const edges = Array.from({ length: 480 }, (_, i) => `n${Math.floor(i / 3)}>n${i + 1}`);
  const { nodes, groups } = layOut(aGraph(edges, ['g:x1,x2,x3', 'h:y1,y2']));
  const outside = [...nodes].filter(([name]) => !/^[xy]/.test(name)).map(([, b]) => b);
  const all = [...outside, ...groups.values()];
  expect(all).toHaveLength(483);
  all.forEach((a, i) => {
    for (const b of all.slice(i + 1)) expect(overlap(a, b)).toBe(false);
  });
});

it('puts the nodes of a group inside its frame, in their order, and what follows the group after it', () => {
  const { nodes, groups } = layOut(aGraph(['a>g', 'g>b'], ['g:x,y,z']));
  const frame = box(groups, 'g');
  let last = frame.y;
  for (const name of ['x', 'y', 'z']) {
    const inner = box(nodes, name);
    expect(inner.y).toBeGreaterThan(last);
    expect(inner.x).toBeGreaterThan(frame.x);
    expect(inner.y + inner.height).toBeLessThan(frame.y + frame.height);
    last = inner.y + inner.height;
  }
  expect(box(nodes, 'b').x).toBeGreaterThan(frame.x + frame.width);
});

it('orders the layers so that edges need not cross', () => {
  const { nodes } = layOut(aGraph(['a>z', 'b>y', 'c>x'], [], ['a', 'b', 'c', 'x', 'y', 'z']));
  expect(box(nodes, 'z').y).toBeLessThan(box(nodes, 'y').y);
  expect(box(nodes, 'y').y).toBeLessThan(box(nodes, 'x').y);
});

it('counts two edges that cross, and none that meet', () => {
  const ends = [
    { id: 'x', after: [] },
    { id: 'y', after: [] },
  ];
  const from = (a: string, b: string) => [
    [
      { id: 'a', after: [a] },
      { id: 'b', after: [b] },
    ],
    ends,
  ];
  expect(crossings(from('y', 'x'))).toBe(1);
  expect(crossings(from('x', 'x'))).toBe(0);
});

it('leads a long edge past the nodes between its ends', () => {
  const graph = aGraph(['a>b', 'b>c', 'a>c']);
  const { nodes, edges } = layOut(graph);
  const middle = box(nodes, 'b');
  const points = edges[2]?.points ?? [];
  expect(points).toHaveLength(4);
  for (const { y } of points.slice(1, 3)) expect(y < middle.y || y > middle.y + middle.height).toBe(true);
});

it('draws edges of one beginning and one end apart', () => {
  const { edges } = layOut(aGraph(['a>b', 'a>b']));
  expect(edges[0]?.label.y).not.toBe(edges[1]?.label.y);
});

it('draws a plan that is being written as far as it goes: cycles, loose ends, names that are there twice', () => {
  const graph = aGraph(['a>b', 'b>a', 'b>b', 'a>nowhere'], ['g:a,missing', 'h:a', 'b:c']);
  graph.nodes = ['a', 'b', 'c', 'c'].map((name) => ({ name, task: 't' }));
  const { nodes, edges, width } = layOut(graph);
  expect(nodes.has('a') && nodes.has('b')).toBe(true);
  expect(edges[3]).toBeNull();
  expect(width).toBeGreaterThan(0);
  expect(layOut({ nodes: [], groups: [], edges: [] })).toMatchObject({ width: 0, height: 0 });
});

it('writes a line with a bend for each stretch', () => {
  expect(pathOf([{ x: 0, y: 0 }])).toBe('M0 0');
  expect(pathOf([{ x: 0, y: 0 }, { x: 100, y: 50 }])).toBe('M0 0 C50 0 50 50 100 50'); // prettier-ignore
});
