import { describe, expect, it } from 'vitest';

import { aSample, aServer } from '../testing/samples';
import { serverOf } from './servers';

describe('serverOf', () => {
  it('has no shares without a sample', () => {
    expect(serverOf(aServer({ load: null, rating: null }))).toMatchObject({
      cpu: null,
      memory: null,
      disk: null,
      rating: null,
      skewMs: null,
    });
  });

  it('counts as used what is not available of the memory and free of the disk', () => {
    const load = aSample({
      cpu_total: 0.5,
      memory_total: 400,
      memory_available: 100,
      disk_total: 10,
      disk_free: 4,
    });
    expect(serverOf(aServer({ load }))).toMatchObject({ cpu: 0.5, memory: 0.75, disk: 0.6 });
  });

  it('tells how far the clock of the host is ahead', () => {
    const load = aSample({ at: '2026-01-31T09:05:00Z', agent_clock: '2026-01-31T09:05:03.500Z' });
    expect(serverOf(aServer({ load })).skewMs).toBe(3500);
  });

  it('shows a state that it does not know as unavailable', () => {
    expect(serverOf(aServer({ status: 'levitating' as 'online' })).state).toBe('unavailable');
  });
});
