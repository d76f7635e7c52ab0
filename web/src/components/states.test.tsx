import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

import {
  attemptStates,
  deliveryStates,
  nodeStates,
  planRunStates,
  runStates,
  serverStates,
} from '../data/states';
import { colorOf, states } from './states';

const kinds = [
  ['a run', runStates],
  ['a server', serverStates],
  ['an attempt', attemptStates],
  ['a delivery', deliveryStates],
  ['a plan run', planRunStates],
  ['a node of a plan', nodeStates],
] as const;

it.each(kinds)('tells the states of %s apart by their words and by their icons', (_, all) => {
  expect(new Set(all.map((state) => states[state].word)).size).toBe(all.length);
  expect(new Set(all.map((state) => states[state].icon)).size).toBe(all.length);
});

it('gives every state a colour that the styles define, for light and for dark', () => {
  const styles = readFileSync('src/console.css', 'utf8');
  for (const state of [...new Set(kinds.flatMap(([, all]) => [...all]))]) {
    const name = /^var\((--tone-[a-z]+)\)$/.exec(colorOf(state))?.[1];
    expect(styles.split(`${name}:`).length - 1, `${state} is ${name}`).toBeGreaterThanOrEqual(2);
  }
});

it('never shows what went wrong in the colour of what went well', () => {
  for (const state of ['failed', 'timed_out', 'lost', 'dead', 'unavailable'] as const) {
    expect(states[state].tone).toBe('bad');
  }
  for (const state of ['succeeded', 'delivered', 'online'] as const) expect(states[state].tone).toBe('ok');
});
