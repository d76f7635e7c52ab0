import { describe, expect, it } from 'vitest';

import { aSample, aServer } from '../testing/samples';
import { joined, serverOf, withTrends } from './servers';

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

describe('the trend of a server', () => {
  const at = (second: number, cpu: number) =>
    serverOf(aServer({ load: aSample({ at: new Date(second * 1000).toISOString(), cpu_total: cpu }) }));

  it('grows with each new sample and not with the same one', () => {
    const first = withTrends([], [at(1, 0.1)]);
    const same = withTrends(first, [at(1, 0.1)]);
    const next = withTrends(same, [at(6, 0.3)]);
    expect(next[0]?.trend.map(({ cpu }) => cpu)).toEqual([0.1, 0.3]);
  });

  it('stays while a server has no sample, and is bounded', () => {
    let all = withTrends([], [at(0, 0)]);
    for (let i = 1; i < 100; i++) all = withTrends(all, [at(i, 0.5)]);
    all = withTrends(all, [serverOf(aServer({ load: null }))]);
    expect(all[0]?.trend).toHaveLength(60);
    expect(all[0]?.trend.at(-1)?.at).toBe(99_000);
  });

  it('begins with what was before the console was opened', () => {
    const point = (second: number) => ({ at: second, cpu: 0, memory: 0, disk: 0, runs: 0 });
    expect(joined([point(1), point(5), point(9)], [point(5), point(10)]).map(({ at }) => at)).toEqual([
      1, 5, 10,
    ]);
  });
});
