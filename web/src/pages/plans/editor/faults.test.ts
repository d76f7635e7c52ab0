import { expect, it } from 'vitest';

import type { JsonObject } from '../../../components/document/document';
import { ApiError } from '../../../data/api';
import { errorsNow, faultsOf } from './faults';

const sent: JsonObject = {
  nodes: [
    { name: 'a', task: 't' },
    { name: 'b', task: 'nosuch' },
    { name: 'c', task: 't' },
  ],
  edges: [
    { from: 'a', to: 'b' },
    { from: 'b', to: 'c' },
    { from: 'c', to: 'a', on: 'after' },
    { from: 'a', to: 'c' },
  ],
};

const refusal = (...fields: { field: string; reason: string }[]) => ({
  spec: sent,
  version: 1,
  error: new ApiError(422, 'no', fields),
});

it('marks a node, and every edge of a cycle', () => {
  const faults = faultsOf(
    refusal(
      { field: 'nodes[1].task', reason: 'does not exist' },
      { field: 'edges[0]', reason: 'closes a cycle: a → b → c → a' },
    ),
  );
  expect(faults.get('node b')).toEqual(['does not exist']);
  expect([...faults.keys()].sort()).toEqual(['edge a b ok', 'edge b c ok', 'edge c a after', 'node b']);
});

it('keeps a fault at its node when others are removed, and drops it with the node', () => {
  const refused = refusal(
    { field: 'nodes[1].params.rows', reason: 'is no parameter' },
    { field: 'name', reason: 'must not be empty' },
  );
  const [, ...rest] = sent.nodes as JsonObject[];
  expect([...errorsNow(refused, { ...sent, nodes: rest })]).toEqual([
    ['nodes[0].params.rows', 'is no parameter'],
    ['name', 'must not be empty'],
  ]);
  expect([...errorsNow(refused, { ...sent, nodes: [] })]).toEqual([['name', 'must not be empty']]);
});
