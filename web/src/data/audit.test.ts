import { expect, it } from 'vitest';

import { actWords, deedOf, pageOf } from './audit';

const wire = {
  id: 7,
  at: '2026-01-31T09:05:00.000Z',
  by: 'admin',
  from: '127.0.0.1',
  act: 'declareServerDead',
  subject: 'servers/js-1',
  reason: 'it burnt',
  request: { reason: 'it burnt' },
  outcome: 'done',
};

it('tells what was done from what was refused', () => {
  expect(deedOf(wire).refusal).toBeNull();
  expect(deedOf({ ...wire, outcome: 'js-1 answers' }).refusal).toBe('js-1 answers');
});

it('has the request as text, and none where there was none', () => {
  expect(JSON.parse(deedOf(wire).request)).toEqual({ reason: 'it burnt' });
  expect(deedOf({ ...wire, request: null }).request).toBe('');
});

it.each([
  ['declareServerDead', 'declare server dead'],
  ['patchRetention', 'edit retention'],
  ['deleteNotificationRule', 'remove notification rule'],
  ['createJoinToken', 'make join token'],
  ['somethingNew', 'something new'],
])('says %s as %s', (act, words) => expect(actWords(act)).toBe(words));

it.each([
  ['servers/js-1', '/servers/js-1'],
  ['virtual-servers/etl/members/js-1', '/virtual-servers?show=etl'],
  ['tasks/load/triggers/nightly', '/tasks/load'],
  ['plans/nightly', '/plans/nightly'],
  ['runs/01J9', '/runs/01J9'],
  ['calendars/holi days', '/settings/calendars/holi%20days'],
  ['notifications/channels/ops', '/settings/notifications'],
  ['settings/retention', '/settings/retention'],
  ['plan-runs/01JP', null],
  ['join-tokens', null],
  ['javascript:alert(1)', null],
])('leads from %s to %s', (subject, page) => expect(pageOf(subject)).toBe(page));
