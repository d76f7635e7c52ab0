import { expect, it } from 'vitest';

import { canClimb, climbed, policyOfRungs, rungsOf } from './ladder';

it('takes a plain word for a ladder of one step, and writes such a ladder as the word', () => {
  expect(rungsOf('recover')).toEqual([{ after: '', do: 'recover' }]);
  expect(policyOfRungs([{ after: '', do: 'recover' }])).toBe('recover');
  expect(policyOfRungs([{ after: '10m', do: 'recover' }])).toEqual([{ after: '10m', do: 'recover' }]);
  expect(policyOfRungs([])).toBeUndefined();
  expect(rungsOf(undefined)).toEqual([]);
});

it('reads back each ladder that it writes, and says where it cannot read one', () => {
  const ladder = [
    { after: '2m', do: 'wait' },
    { after: '10m', do: 'recover' },
    { after: '1h', do: 'reset' },
  ];
  expect(policyOfRungs(rungsOf(ladder) ?? [])).toEqual(ladder);
  expect(rungsOf([{ after: '2m', do: 'dance' }])).toBeNull();
  expect(rungsOf({ do: 'wait' })).toBeNull();
});

it('adds what acts behind a wait, a reset behind what acts, and nothing behind a reset', () => {
  const waits = climbed(rungsOf('wait') ?? [], '90s');
  expect(waits).toEqual([
    { after: '90s', do: 'wait' },
    { after: '10m', do: 'recover' },
  ]);
  const whole = climbed(waits, '90s');
  expect(whole.at(-1)).toEqual({ after: '1h', do: 'reset' });
  expect(canClimb(waits)).toBe(true);
  expect(canClimb(whole)).toBe(false);
});
