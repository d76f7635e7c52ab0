import { expect, it } from 'vitest';

import { duration, milliseconds } from './instants';

it.each([
  ['90s', 90_000],
  ['2m', 120_000],
  ['1h30m', 5_400_000],
  ['500ms', 500],
  ['1m0.5s', 60_500],
  ['0s', 0],
])('%s is %d ms', (text, ms) => {
  expect(milliseconds(text)).toBe(ms);
});

it.each(['', 'soon', '5', '5s later'])('%j is no length of time', (text) => {
  expect(milliseconds(text)).toBeNaN();
});

it.each([
  [-5, '0.0 s'],
  [1_234, '1.2 s'],
  [65_000, '1 m 5 s'],
  [3_700_000, '1 h 1 m'],
  [90_000_000, '1 d 1 h'],
])('%d ms read %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});
