import { describe, expect, it } from 'vitest';

import { states } from '../components/states';
import { attemptStates, hasEnded, runOf, runStates, serverOf, serverStates, virtualServerOf } from './model';
import { aRun, aServer } from './samples';

describe('runOf', () => {
  it('makes instants of texts and keeps what is not there null', () => {
    const run = runOf(aRun({ started_at: '2026-01-31T09:05:00.250Z' }));
    expect(run.startedAt?.getTime()).toBe(Date.UTC(2026, 0, 31, 9, 5, 0, 250));
    expect(run.endedAt).toBeNull();
    expect(run.attempts).toEqual([]);
    expect(run.waiting).toBeNull();
  });

  it('shows a state that it does not know as unknown', () => {
    expect(runOf(aRun({ state: 'levitating' })).state).toBe('unknown');
  });

  it('tells a refused candidate with the reason, and one without a sample without a rating', () => {
    const run = runOf(
      aRun({
        waiting: {
          at: '2026-01-31T09:05:00Z',
          reason: 'no member is eligible',
          candidates: [
            {
              server: 'js-1',
              refused: 'draining',
              refused_because: 'it is draining since 09:00',
              rating: 0,
              stars: 0,
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

describe('serverOf', () => {
  it('has no shares without a sample', () => {
    expect(serverOf(aServer({ load: null, rating: null }))).toMatchObject({
      cpu: null,
      memory: null,
      rating: null,
    });
  });

  it('counts as used what is not available of the memory', () => {
    const load = {
      at: '2026-01-31T09:05:00Z',
      cpus: 4,
      cpu_total: 0.5,
      memory_total: 400,
      memory_available: 100,
    };
    expect(serverOf(aServer({ load }))).toMatchObject({ cpu: 0.5, memory: 0.75 });
  });
});

it('a virtual server without members or selection is best-rated and empty', () => {
  expect(virtualServerOf({ name: 'etl' })).toMatchObject({
    members: [],
    selection: 'best-rated',
    active: true,
  });
});

it('runs that are on a server have not ended', () => {
  expect(runStates.filter((state) => !hasEnded(state))).toEqual([
    'queued',
    'starting',
    'running',
    'unknown',
    'stopping',
  ]);
});

it('every state has a word, and no other has one', () => {
  const all = new Set<string>([...runStates, ...serverStates, ...attemptStates]);
  expect(Object.keys(states).sort()).toEqual([...all].sort());
});
