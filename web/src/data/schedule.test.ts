import { expect, it } from 'vitest';

import { comingOf, pauseText } from './schedule';

it('an occurrence belongs to a task or to a plan', () => {
  const at = '2026-01-31T09:05:00Z';
  const wire = { due_at: at, scheduled_for: at, trigger: 'nightly', timezone: 'UTC' };
  expect(comingOf({ ...wire, task: 'load', plan: null }).owner).toEqual({ kind: 'task', name: 'load' });
  expect(comingOf({ ...wire, task: null, plan: 'month-end' }).owner).toEqual({
    kind: 'plan',
    name: 'month-end',
  });
});

it.each([
  [{ trigger: null, level: 'all', owner: null }, 'All triggers are paused by admin: the move'],
  [{ trigger: null, level: 'owner', owner: 'load' }, 'The triggers of load are paused by admin: the move'],
  [
    { trigger: 'nightly', level: 'trigger', owner: 'load' },
    'The trigger nightly of load is paused by admin: the move',
  ],
] as const)('a pause is said in a sentence', (pause, text) => {
  expect(
    pauseText({
      ...pause,
      kind: pause.level === 'all' ? null : 'task',
      by: 'admin',
      reason: 'the move',
      at: new Date(),
    }),
  ).toBe(text);
});
