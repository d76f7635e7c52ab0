import { expect, it } from 'vitest';

import { minutesOf } from './activity';
import type { RunState } from './states';

const now = Date.UTC(2026, 0, 31, 9, 10, 30);
const run = (minute: number, second: number, state: RunState) => ({
  queuedAt: new Date(Date.UTC(2026, 0, 31, 9, minute, second)),
  state,
});

it('counts runs by the minute in which they were asked for and by how they ended', () => {
  const minutes = minutesOf(
    [
      run(10, 1, 'running'),
      run(9, 59, 'succeeded'),
      run(9, 0, 'timed_out'),
      run(9, 5, 'queued'),
      run(1, 0, 'failed'),
    ],
    now,
    3,
  );
  expect(minutes.map(({ at }) => new Date(at).getUTCMinutes())).toEqual([8, 9, 10]);
  expect(minutes[1]).toMatchObject({ succeeded: 1, failed: 1, open: 1 });
  expect(minutes[2]).toMatchObject({ succeeded: 0, failed: 0, open: 1 });
  expect(minutes[0]).toMatchObject({ succeeded: 0, failed: 0, open: 0 });
});
