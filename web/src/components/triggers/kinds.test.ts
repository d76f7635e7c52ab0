import { expect, it } from 'vitest';

import { kindOf, ofKind } from './kinds';

it('leaves out of a trigger of another kind what that has no use for, and keeps the rest', () => {
  const clock = {
    name: 'nightly',
    description: 'loads',
    cron: '0 2 * * *',
    timezone: 'Europe/Paris',
    in_gap: 'skip',
    misfire: 'all',
    jitter: '5m',
    calendar: 'holidays',
  };
  expect(ofKind(clock, 'every')).toEqual({
    name: 'nightly',
    description: 'loads',
    every: '10m',
    misfire: 'all',
    jitter: '5m',
    calendar: 'holidays',
  });
  expect(ofKind(clock, 'webhook')).toEqual({
    name: 'nightly',
    description: 'loads',
    webhook: { signature: 'standard' },
    calendar: 'holidays',
  });
});

it('knows the kind of a trigger by what it has', () => {
  expect(kindOf({ name: 'a', file: { path: '/in' } })).toBe('file');
  expect(kindOf({ name: 'a' })).toBeNull();
});
