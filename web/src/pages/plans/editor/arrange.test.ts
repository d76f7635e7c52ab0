import { expect, it } from 'vitest';

import type { Graph } from '../../../data/plans';
import { layOut } from '../layout';
import { arrange, nearest, placeAt, placeInGroup } from './arrange';

const graph: Graph = {
  nodes: ['a', 'x', 'y', 'c'].map((name) => ({ name, task: 't' })),
  groups: [{ name: 'g', nodes: ['x', 'y'], limit: null }],
  edges: [
    { from: 'a', to: 'g', on: 'ok' },
    { from: 'g', to: 'c', on: 'ok' },
    { from: 'g', to: 'c', on: 'after' },
  ],
};
const layout = layOut(graph);

it('moves a node with its edges, and a group with its nodes, and leaves the rest where it is', () => {
  const one = arrange(graph, layout, new Map([['c', { x: 900, y: 300 }]]));
  expect(one.nodes.get('c')).toMatchObject({ x: 900, y: 300 });
  expect(one.nodes.get('a')).toEqual(layout.nodes.get('a'));
  expect(one.edges[0]).toEqual(layout.edges[0]);
  expect(one.edges[1]?.points.at(-1)).toEqual({ x: 900, y: 333 });
  expect(one.edges[2]?.points.at(-1), 'two edges lie on each other').toEqual({ x: 900, y: 353 });
  expect(one.width).toBeGreaterThanOrEqual(1000);

  const group = layout.groups.get('g');
  const all = arrange(graph, layout, new Map([['g', { x: (group?.x ?? 0) + 50, y: 70 }]]));
  expect(all.nodes.get('x')?.x).toBe((layout.nodes.get('x')?.x ?? 0) + 50);
  expect(arrange(graph, layout, new Map())).toBe(layout);
});

it('knows what is at a point, and at which place of a group', () => {
  const box = layout.nodes.get('y');
  const at = { x: (box?.x ?? 0) + 5, y: (box?.y ?? 0) + 5 };
  expect(placeAt(layout, at)).toEqual({ kind: 'node', name: 'y' });
  expect(placeAt(layout, at, 'y')).toEqual({ kind: 'group', name: 'g' });
  expect(placeAt(layout, { x: -5, y: -5 })).toBeNull();
  expect(placeInGroup(layout, ['x', 'y'], -100)).toBe(0);
  expect(placeInGroup(layout, ['x'], at.y + 100)).toBe(1);
});

it('follows the arrow keys to what is nearest ahead', () => {
  const points = new Map([
    ['a', { x: 0, y: 0 }],
    ['far', { x: 300, y: 0 }],
    ['aside', { x: 100, y: 200 }],
    ['below', { x: 0, y: 100 }],
  ]);
  expect(nearest(points, 'a', 'right')).toBe('far');
  expect(nearest(points, 'a', 'down')).toBe('below');
  expect(nearest(points, 'a', 'left')).toBeNull();
  expect(nearest(points, 'nosuch', 'left')).toBeNull();
});
