import { expect, it } from 'vitest';

import { aRun, aSample, aServer } from '../testing/samples';
import { lateMs, skewText, troublesOf } from './attention';
import { runOf } from './runs';
import { serverOf } from './servers';

const now = Date.UTC(2026, 0, 31, 9, 10);

it('tells what is wrong, servers that are gone first', () => {
  const troubles = troublesOf(
    {
      servers: [
        serverOf(aServer()),
        serverOf(aServer({ name: 'js-2', status: 'unreachable' })),
        serverOf(aServer({ name: 'js-3', status: 'unavailable' })),
        serverOf(aServer({ name: 'js-4', load: aSample({ agent_clock: '2026-01-31T09:04:50Z' }) })),
      ],
      unknown: [runOf(aRun({ id: 'U', state: 'unknown' }))],
      queued: [
        runOf(aRun({ id: 'Q1', state: 'queued', queued_at: new Date(now - lateMs - 1).toISOString() })),
        runOf(aRun({ id: 'Q2', state: 'queued', queued_at: new Date(now - 10).toISOString() })),
      ],
      failed: [runOf(aRun({ id: 'F', state: 'failed', reason: 'exit code 3' }))],
    },
    now,
  );
  expect(troubles.map(({ key }) => key)).toEqual([
    'server/js-3',
    'server/js-2',
    'run/U',
    'run/F',
    'run/Q1',
    'clock/js-4',
  ]);
  expect(troubles[3]?.text).toBe('exit code 3');
  expect(troubles[5]?.text).toContain('10 s behind');
});

it('says by how much a clock is off', () => {
  expect(skewText(3200)).toBe('3.2 s ahead of');
  expect(skewText(-61_000)).toBe('61 s behind');
});
