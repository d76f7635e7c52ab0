import { expect, it } from 'vitest';

import { changedBy } from './live';

it.each([
  ['run.running', '01J9', ['runs', 'run/01J9', 'servers', 'plan-run']],
  ['server.unreachable', 'js-1', ['servers', 'virtual-servers', 'runs', 'run']],
  ['virtual_server.edited', 'etl', ['virtual-servers', 'servers']],
  ['task.created', 'load', ['tasks', 'task/load', 'archives', 'archive']],
  ['archive.uploaded', 'load', ['archives', 'archive/load']],
  ['plan.edited', 'nightly', ['plans', 'plan/nightly']],
  ['plan_run.node', '01J9', ['plan-runs', 'plan-run/01J9']],
  ['calendar.edited', 'holidays', ['calendars', 'calendar/holidays']],
  ['notification_channel.edited', 'chat', ['channels', 'deliveries']],
  ['notification_rule.created', 'failures', ['notification-rules']],
  ['concurrency_group.deleted', 'db', ['concurrency-groups']],
])('an event %s makes what it changed be asked for again', (kind, subject, keys) => {
  expect(changedBy({ kind, subject }).map((key) => key.join('/'))).toEqual(expect.arrayContaining(keys));
});

it('an event of a kind that is not known changes nothing but the history', () => {
  expect(changedBy({ kind: 'moon.full', subject: 'x' })).toEqual([['events', 'x']]);
});
