import { describe, expect, it } from 'vitest';

import { aRun } from '../testing/samples';
import { runOf } from './runs';

describe('runOf', () => {
  it('makes instants of texts and keeps what is not there null', () => {
    const run = runOf(aRun({ started_at: '2026-01-31T09:05:00.250Z' }));
    expect(run.startedAt?.getTime()).toBe(Date.UTC(2026, 0, 31, 9, 5, 0, 250));
    expect(run.endedAt).toBeNull();
    expect(run.attempts).toEqual([]);
    expect(run.waiting).toBeNull();
  });

  it('shows a state that it does not know as unknown', () => {
    expect(runOf(aRun({ state: 'levitating' as 'running' })).state).toBe('unknown');
  });

  it('tells a refused candidate with the reason, and one without a sample without a rating', () => {
    const run = runOf(
      aRun({
        waiting: {
          at: '2026-01-31T09:05:00Z',
          reason: 'no member is eligible',
          need: { cpu: 1, memory: 0, slots: 1, source: 'assumed' },
          candidates: [
            {
              server: 'js-1',
              refused: 'draining',
              refused_because: 'it is draining since 09:00',
              rating: 0,
              stars: 0,
              runs: 0,
              sample_age_ms: -1,
              slots: 4,
              slots_used: 0,
            },
          ],
        },
      }),
    );
    expect(run.waiting?.candidates[0]).toMatchObject({
      refusal: 'it is draining since 09:00',
      rating: null,
      sampleAge: null,
    });
  });
});
