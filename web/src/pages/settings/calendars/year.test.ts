import { expect, it } from 'vitest';

import { dayWords, monthsOf, shareOf, yearFrom } from './year';

const day = (date: string, allowed: string[] = ['00:00-24:00'], entries: string[] = []) => ({
  date,
  allowed,
  entries,
});

it.each([
  [['00:00-24:00'], 'all'],
  [['00:00-12:00', '12:00-24:00'], 'all'],
  [['09:00-17:30'], 'part'],
  [[], 'none'],
])('of a day with the hours %s counts %s', (allowed, share) => {
  expect(shareOf(day('2026-12-25', allowed))).toBe(share);
});

it('puts each month behind the weekdays before its first day', () => {
  const months = monthsOf([day('2026-11-29'), day('2026-11-30'), day('2026-12-01')]);
  expect(months.map(({ key, gaps, days }) => [key, gaps, days.length])).toEqual([
    ['2026-11', 6, 2],
    ['2026-12', 1, 1],
  ]);
});

it('says of a day when triggers are due and why not', () => {
  expect(dayWords(day('2026-12-25', [], ['Christmas']))).toMatch(/December.*: not due \(Christmas\)$/);
  expect(dayWords(day('2026-12-24', ['00:00-12:00']))).toMatch(/: due 00:00-12:00$/);
});

it('looks a year ahead, over the 29th of February too', () => {
  const { from, to } = yearFrom(new Date('2028-02-29T13:00:00Z'));
  expect([from.toISOString(), to.toISOString()]).toEqual([
    '2028-02-29T00:00:00.000Z',
    '2029-03-01T00:00:00.000Z',
  ]);
});
