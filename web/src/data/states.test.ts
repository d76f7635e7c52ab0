import { expect, it } from 'vitest';

import { states } from '../components/states';
import {
  attemptStates,
  deliveryStates,
  hasEnded,
  nodeStates,
  planRunStates,
  runStates,
  serverStates,
} from './states';

const kinds = [runStates, serverStates, attemptStates, deliveryStates, planRunStates, nodeStates];

it('runs that are on a server have not ended', () => {
  expect(runStates.filter((state) => !hasEnded(state))).toEqual([
    'queued',
    'starting',
    'running',
    'unknown',
    'stopping',
  ]);
});

it('every state has a word, and no other has one', () => {
  const all = new Set<string>(kinds.flat());
  expect(Object.keys(states).sort()).toEqual([...all].sort());
});

it('no two states of a kind look the same, colours aside', () => {
  for (const kind of kinds) {
    expect(new Set(kind.map((state) => states[state].icon)).size).toBe(kind.length);
    expect(new Set(kind.map((state) => states[state].word)).size).toBe(kind.length);
  }
});
