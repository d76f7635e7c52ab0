import { expect, it } from 'vitest';

import { kept } from './kept';

it('returns what was before where nothing has changed, dates and maps included', () => {
  const value = () => ({
    at: new Date(5),
    list: [1, { a: 'b' }],
    by: new Map([['x', { n: null }]]),
    no: undefined,
  });
  const before = value();
  expect(kept(before, value())).toBe(before);
});

it('keeps the parts that have not changed, and takes the others', () => {
  const before = [
    { name: 'js-1', at: new Date(1), labels: { zone: 'a' } },
    { name: 'js-2', at: new Date(1), labels: { zone: 'b' } },
  ];
  const now = [
    { name: 'js-1', at: new Date(1), labels: { zone: 'a' } },
    { name: 'js-2', at: new Date(2), labels: { zone: 'b' } },
  ];
  const after = kept(before, now);
  expect(after).toEqual(now);
  expect(after[0]).toBe(before[0]);
  expect(after[1]).not.toBe(before[1]);
  expect(after[1]?.labels).toBe(before[1]?.labels);
  expect(before[1]?.at).toEqual(new Date(1));
});

it('keeps the entries of a map whose others have changed', () => {
  const before = new Map([
    ['etl', { taking: 1 }],
    ['reports', { taking: 2 }],
  ]);
  const after = kept(
    before,
    new Map([
      ['etl', { taking: 1 }],
      ['reports', { taking: 3 }],
    ]),
  );
  expect(after.get('etl')).toBe(before.get('etl'));
  expect(after.get('reports')).toEqual({ taking: 3 });
});

it.each<[string, unknown, unknown]>([
  ['a list that has grown', [1], [1, 2]],
  ['a list that has shrunk', [1, 2], [1]],
  ['a key that is gone', { a: 1, b: 2 }, { a: 1 }],
  ['a key that is another', { a: undefined }, { b: undefined }],
  ['a map whose key is another', new Map([['a', 1]]), new Map([['b', 1]])],
  ['a list in place of an object', {}, []],
  ['nothing in place of an object', {}, null],
  ['an object in place of nothing', undefined, { a: 1 }],
  ['no date in place of a date', new Date(1), 'then'],
])('takes what is new: %s', (_, before, now) => {
  expect(kept(before, now)).toEqual(now);
});

it('leaves objects of a class alone', () => {
  class Other {
    readonly at = 1;
  }
  const now = new Other();
  expect(kept(new Other(), now)).toBe(now);
});
