import { expect, it } from 'vitest';

import { ApiError } from '../../data/api';
import { faultsOf } from './faults';

const refused = new ApiError(422, 'The calendar is wrong.', [
  { field: 'name', reason: 'must not be empty' },
  { field: 'entries[1].date', reason: 'must be a day' },
  { field: '', reason: 'must have either email or webhook' },
]);

it('puts what is wrong at its field, and the rest aside', () => {
  const faults = faultsOf(refused, ['name', 'entries[1].date']);
  expect(faults.at('name')).toBe('must not be empty');
  expect(faults.at('entries[1]')).toBe('must be a day');
  expect(faults.at('entries[10]')).toBeUndefined();
  expect(faults.rest).toEqual(['It must have either email or webhook.']);
});

it('says what an error without fields says', () => {
  expect(faultsOf(new ApiError(412, 'It was changed.'), ['name']).rest).toEqual(['It was changed.']);
  expect(faultsOf(null, []).rest).toEqual([]);
});
