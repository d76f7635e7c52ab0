import { describe, expect, it } from 'vitest';

import { virtualServerOf } from '../../data/virtualServers';
import { aVirtualServer } from '../../testing/samples';
import { draftsOf, inverseOf, namesOf, saying, stepsOf, withServers } from './moves';
import type { Move, Step } from './moves';

const group = (name: string, ...members: string[]) => virtualServerOf(aVirtualServer({ name, members }));
const groups = [group('etl', 'a', 'b', 'c', 'd'), group('reports', 'e'), group('empty')];
const move = (fields: Partial<Move>): Move => ({
  servers: ['a'],
  from: null,
  to: null,
  position: null,
  ...fields,
});

/** Does to lists what the conductor does upon the requests. */
function apply(steps: Step[], lists: Map<string, string[]>): Map<string, string[]> {
  for (const step of steps) {
    const members = lists.get(step.group) ?? [];
    if (step.do === 'arrange') lists.set(step.group, step.members);
    else {
      const rest = members.filter((member) => member !== step.server);
      if (step.do === 'take') lists.set(step.group, rest);
      else if (step.position !== undefined)
        lists.set(step.group, rest.toSpliced(step.position, 0, step.server));
      else lists.set(step.group, members.includes(step.server) ? members : [...members, step.server]);
    }
  }
  return lists;
}

const now = () => new Map(groups.map(({ name, members }) => [name, members]));

const moves: [string, Move, Record<string, string[]>][] = [
  ['adding to a group', move({ servers: ['x', 'y'], to: 'etl' }), { etl: ['a', 'b', 'c', 'd', 'x', 'y'] }],
  ['adding at a place', move({ servers: ['x'], to: 'etl', position: 1 }), { etl: ['a', 'x', 'b', 'c', 'd'] }],
  [
    'from one to another',
    move({ servers: ['b', 'd'], from: 'etl', to: 'reports' }),
    { etl: ['a', 'c'], reports: ['e', 'b', 'd'] },
  ],
  ['taking out', move({ servers: ['a', 'c'], from: 'etl' }), { etl: ['b', 'd'] }],
  [
    'forward within a group',
    move({ servers: ['a'], from: 'etl', to: 'etl', position: 3 }),
    { etl: ['b', 'c', 'a', 'd'] },
  ],
  [
    'to the end of a group',
    move({ servers: ['a', 'b'], from: 'etl', to: 'etl', position: 4 }),
    { etl: ['c', 'd', 'a', 'b'] },
  ],
  [
    'back within a group',
    move({ servers: ['d'], from: 'etl', to: 'etl', position: 0 }),
    { etl: ['d', 'a', 'b', 'c'] },
  ],
  [
    'several at a place',
    move({ servers: ['x', 'y'], to: 'reports', position: 0 }),
    { reports: ['x', 'y', 'e'] },
  ],
  ['those that are there already', move({ servers: ['a', 'b'], to: 'etl' }), {}],
];

describe.each(moves)('%s', (_, what, changed) => {
  it('is what the ghost shows', () => {
    expect(Object.fromEntries(draftsOf(groups, what).map(({ name, members }) => [name, members]))).toEqual(
      changed,
    );
  });

  it('is what the requests make of the groups', () => {
    expect(apply(stepsOf(groups, what), now())).toEqual(new Map([...now(), ...Object.entries(changed)]));
  });

  it('is taken back by its inverse', () => {
    expect(apply(inverseOf(groups, what), apply(stepsOf(groups, what), now()))).toEqual(now());
  });
});

it('no server is in no group on its way', () => {
  const steps = stepsOf(groups, move({ servers: ['a'], from: 'etl', to: 'reports' }));
  expect(steps.map((step) => step.do)).toEqual(['put', 'take']);
});

it('a weight that was lost comes back', () => {
  const weighted = { ...group('w', 'a', 'b'), weights: { a: 3 } };
  expect(inverseOf([weighted], move({ from: 'w' }))).toEqual([
    { do: 'put', group: 'w', server: 'a', position: 0, weight: 3 },
  ]);
});

it('a place is counted among the members as they are', () => {
  expect(withServers(['a', 'b', 'c'], ['a'], 2)).toEqual(['b', 'a', 'c']);
});

it('a move is said in a few words', () => {
  expect(saying(move({ servers: ['js-2', 'js-3'], to: 'reports' }))).toBe('js-2, js-3 → reports');
  expect(saying(move({ from: 'etl', to: 'reports' }))).toBe('a: etl → reports');
  expect(saying(move({ from: 'etl' }))).toBe('a taken out of etl');
  expect(namesOf(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more');
});
