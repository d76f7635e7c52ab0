import { describe, expect, it } from 'vitest';

import type { JsonObject } from '../../../components/document/document';
import {
  addGroup,
  addNode,
  connect,
  freeName,
  nameFault,
  putInGroup,
  remove,
  renameGroup,
  renameNode,
  setCondition,
} from './edits';
import type { Outcome } from './edits';

const plan: JsonObject = {
  name: 'nightly',
  nodes: [
    { name: 'extract', task: 'extract-orders' },
    {
      name: 'load-eu',
      task: 'load-orders',
      params: { rows: '${{ nodes.extract.outputs.rows }}', plain: '$${{ nodes.extract.outputs.rows }}' },
    },
    { name: 'load-us', task: 'load-orders' },
    { name: 'alarm', task: 'tell', join: 'any', future: 1 },
  ],
  groups: [{ name: 'loads', nodes: ['load-eu', 'load-us'], limit: 1 }],
  edges: [
    { from: 'extract', to: 'loads' },
    { from: 'extract', to: 'alarm', on: 'error' },
    { from: 'load-eu', to: 'alarm', on: 'error' },
  ],
};

function specOf(outcome: Outcome): JsonObject {
  if ('fault' in outcome) throw new Error(outcome.fault);
  return outcome.spec;
}

const edgesOf = (spec: JsonObject) => spec.edges as JsonObject[];
const nodesOf = (spec: JsonObject) => spec.nodes as JsonObject[];

describe('names', () => {
  it('of new nodes come from their tasks, and no two are the same', () => {
    const first = addNode(plan, 'tell.the-Team');
    expect(first.name).toBe('tell-the-team');
    expect(addNode(first.spec, 'tell.the-team').name).toBe('tell-the-team-2');
    expect(freeName(plan, 'loads')).toBe('loads-2');
    expect(freeName(plan, 'x'.repeat(90))).toHaveLength(63);
  });

  it('are refused where another node or group has them', () => {
    expect(nameFault(plan, 'loads', 'extract')).toMatch(/another/);
    expect(nameFault(plan, 'a.b', 'extract')).toMatch(/must be/);
    expect(nameFault(plan, '', 'extract')).toMatch(/must be/);
    expect(nameFault(plan, 'extract', 'extract')).toBeNull();
    expect(nameFault(plan, 'fresh', 'extract')).toBeNull();
  });

  it('change wherever a node is spoken of, but not in texts that stand for themselves', () => {
    const renamed = renameNode(plan, 'extract', 'read');
    expect(edgesOf(renamed).map(({ from }) => from)).toEqual(['read', 'read', 'load-eu']);
    expect(nodesOf(renamed)[1]?.params).toEqual({
      rows: '${{ nodes.read.outputs.rows }}',
      plain: '$${{ nodes.extract.outputs.rows }}',
    });
    expect(renameNode(plan, 'load-us', 'usa').groups).toEqual([
      { name: 'loads', nodes: ['load-eu', 'usa'], limit: 1 },
    ]);
    expect(edgesOf(renameGroup(plan, 'loads', 'all'))[0]).toEqual({ from: 'extract', to: 'all' });
  });
});

describe('edges', () => {
  it('are added with their condition, which is left out where it is on ok', () => {
    const last = (on: 'ok' | 'after') => edgesOf(specOf(connect(plan, 'loads', 'alarm', on))).at(-1);
    expect(last('ok')).toEqual({ from: 'loads', to: 'alarm' });
    expect(last('after')).toEqual({ from: 'loads', to: 'alarm', on: 'after' });
  });

  it('lead to the group of a node', () => {
    expect(edgesOf(specOf(connect(plan, 'alarm', 'load-us', 'ok'))).at(-1)).toEqual({
      from: 'alarm',
      to: 'loads',
    });
  });

  it('do not lead back to where they begin, and are not there twice', () => {
    expect(connect(plan, 'alarm', 'alarm', 'ok')).toEqual({ fault: 'alarm cannot follow itself' });
    expect(connect(plan, 'load-eu', 'load-us', 'ok')).toEqual({
      fault: 'load-eu and load-us are in one group',
    });
    expect(connect(plan, 'extract', 'load-eu', 'ok')).toEqual({ fault: 'There is such an edge already' });
  });

  it('change their condition, unless there is such an edge already', () => {
    const edge = { kind: 'edge', from: 'extract', to: 'alarm', on: 'error' } as const;
    expect(edgesOf(specOf(setCondition(plan, edge, 'ok')))[1]).toEqual({ from: 'extract', to: 'alarm' });
    const both = specOf(connect(plan, 'extract', 'alarm', 'ok'));
    expect(setCondition(both, edge, 'ok')).toEqual({ fault: 'There is such an edge already' });
  });
});

describe('removing', () => {
  it('a node takes its edges and its place in a group with it', () => {
    const spec = remove(plan, { kind: 'node', name: 'load-eu' });
    expect(spec.groups).toEqual([{ name: 'loads', nodes: ['load-us'], limit: 1 }]);
    expect(spec.edges).toHaveLength(2);
    expect(spec.nodes).toHaveLength(3);
  });

  it('a group takes its edges with it and leaves its nodes', () => {
    const spec = remove(plan, { kind: 'group', name: 'loads' });
    expect('groups' in spec).toBe(false);
    expect(spec.nodes).toHaveLength(4);
    expect(spec.edges).toHaveLength(2);
  });

  it('an edge leaves the others between the same', () => {
    const both = specOf(connect(plan, 'extract', 'alarm', 'after'));
    const spec = remove(both, { kind: 'edge', from: 'extract', to: 'alarm', on: 'error' });
    expect(edgesOf(spec).map(({ to, on }) => [to, on])).toEqual([
      ['loads', undefined],
      ['alarm', 'error'],
      ['alarm', 'after'],
    ]);
  });
});

describe('a group', () => {
  it('takes over the edges that led to a node, and its node has no join any more', () => {
    const spec = putInGroup(plan, 'alarm', 'loads');
    expect(spec.groups).toEqual([{ name: 'loads', nodes: ['load-eu', 'load-us', 'alarm'], limit: 1 }]);
    // From load-eu there would be an edge from the group to itself.
    expect(spec.edges).toEqual([
      { from: 'extract', to: 'loads' },
      { from: 'extract', to: 'loads', on: 'error' },
    ]);
    expect(nodesOf(spec)[3]).toEqual({ name: 'alarm', task: 'tell', future: 1 });
  });

  it('is made of nodes of other groups, and has them in an order', () => {
    const { spec, name } = addGroup(plan, ['load-us']);
    expect(name).toBe('group');
    expect(spec.groups).toEqual([
      { name: 'loads', nodes: ['load-eu'], limit: 1 },
      { name: 'group', nodes: ['load-us'] },
    ]);
    const first = putInGroup(spec, 'load-us', 'loads', 0);
    expect((first.groups as JsonObject[])[0]?.nodes).toEqual(['load-us', 'load-eu']);
  });
});
