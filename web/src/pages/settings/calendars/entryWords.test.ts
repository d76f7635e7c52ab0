import { expect, it } from 'vitest';

import { emptyEntry } from '../../../data/calendars';
import { entryWords } from './entryWords';

it.each([
  [{}, 'each day'],
  [{ hours: ['22:00-06:00'] }, 'each day, 22:00-06:00'],
  [{ weekdays: ['sat', 'sun'] }, 'sat, sun'],
  [{ date: '12-25', until: '12-26' }, '12-25 to 12-26, each year'],
  [{ date: '2026-11-30' }, '2026-11-30'],
  [{ date: '2026-01-30', rule: 'FREQ=MONTHLY;BYDAY=-1FR' }, 'FREQ=MONTHLY;BYDAY=-1FR from 2026-01-30'],
])('an entry %o is about %s', (fields, words) => {
  expect(entryWords({ ...emptyEntry, ...fields })).toBe(words);
});
