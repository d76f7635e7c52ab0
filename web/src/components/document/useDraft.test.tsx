import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, problem, show } from '../../testing/console';
import type { Asked } from '../../testing/console';
import { aPlan, aServer, aTrigger, aVirtualServer } from '../../testing/samples';
import { sessionOf, signIn } from '../../testing/session';

const chat = {
  name: 'chat',
  description: 'on duty',
  webhook: { format: 'segno' },
  secrets_set: ['webhook.url'],
  address: 'https://chat.example',
  version: 3,
};
const calendar = {
  name: 'holidays',
  description: '',
  entries: [{ name: 'Christmas', date: '12-25' }],
  version: 4,
};
const retention = { runs: 1000, age: '24h', log_age: '0s', checkpoint_age: '0s', event_age: '0s' };
const rules = {
  ...retention,
  log_runs: 0,
  checkpoint_runs: 0,
  occurrences: 0,
  occurrence_age: '0s',
  version: 6,
};

const atTwo = aTrigger({
  name: 'at-two',
  plan: 'nightly',
  task: null,
  cron: '0 2 * * *',
  description: 'before the day begins',
  version: 3,
});

const drawer = async (name: string) => within(await screen.findByRole('dialog', { name }));
const user = userEvent.setup();

/** The forms, each with the button and the entry of a menu that open it, what is typed where, and what a save sends. */
const forms = [
  {
    at: '/settings/limits',
    open: ['Edit orders-db'],
    title: 'Concurrency group orders-db',
    label: 'What its tasks have in common',
    reads: {
      'GET /concurrency-groups': () =>
        page({ name: 'orders-db', max_concurrent: 2, active: 0, tasks: [], version: 3 }),
    },
    saves: 'PATCH /concurrency-groups/orders-db',
    answer: { name: 'orders-db', max_concurrent: 2, active: 0, tasks: [], version: 4 },
  },
  {
    at: '/settings/notifications',
    open: ['Edit chat'],
    title: 'Channel chat',
    label: 'Whom it reaches',
    reads: { 'GET /notifications/channels': () => page(chat) },
    saves: 'PATCH /notifications/channels/chat',
    answer: chat,
  },
  {
    at: '/settings/notifications?tab=rules',
    open: ['Edit failures'],
    title: 'Rule failures',
    label: 'What it is for',
    reads: {
      'GET /notifications/channels': () => page(chat),
      'GET /notifications/rules': () =>
        page({ name: 'failures', events: ['run_failed'], channels: ['chat'], version: 3 }),
    },
    saves: 'PATCH /notifications/rules/failures',
    answer: { name: 'failures', events: ['run_failed'], channels: ['chat'], version: 4 },
  },
  {
    at: '/settings/calendars/holidays',
    open: ['Edit'],
    title: 'Calendar holidays',
    label: 'What it is for',
    reads: {
      'GET /calendars/holidays': () => json({ ...calendar, version: 3 }),
      'GET /calendars/holidays/days': () => page(),
    },
    saves: 'PATCH /calendars/holidays',
    answer: calendar,
  },
  {
    at: '/virtual-servers',
    open: ['Edit etl'],
    title: 'Virtual server etl',
    label: 'What it is for',
    reads: { 'GET /virtual-servers': () => page(aVirtualServer({ version: 3 })) },
    saves: 'PATCH /virtual-servers/etl',
    answer: aVirtualServer({ version: 4 }),
  },
  {
    at: '/servers',
    open: ['What to do with js-2', 'Settings…'],
    title: 'Settings of js-2',
    label: 'What it is',
    reads: { 'GET /servers': () => page(aServer(), aServer({ name: 'js-2', version: 3 })) },
    saves: 'PATCH /servers/js-2',
    answer: aServer({ name: 'js-2', version: 4 }),
  },
  {
    at: '/plans/nightly?part=triggers',
    open: ['What can be done with at-two', 'Edit…'],
    title: 'Edit at-two',
    label: 'What it is for',
    reads: {
      'GET /plans/nightly': () => json(aPlan()),
      'GET /plans/nightly/triggers': () => page(atTwo),
      'POST /triggers/preview': () => page(),
    },
    saves: 'PATCH /plans/nightly/triggers/at-two',
    answer: atTwo,
  },
];

it.each(forms)('opens $title again as it was when the session ended over it', async (form) => {
  const { at, title, label, reads, saves, answer } = form;
  const sent: Asked[] = [];
  const session = sessionOf({
    ...reads,
    [saves]: (asked) => {
      sent.push(asked);
      return json(answer);
    },
  });
  show(at, session.answers);
  const [button, ...entries] = form.open;
  await user.click(await screen.findByRole('button', { name: button ?? '' }));
  for (const name of entries) await user.click(await screen.findByRole('menuitem', { name }));
  await user.type((await drawer(title)).getByLabelText(label), '!');
  session.end();
  await user.click((await drawer(title)).getByRole('button', { name: 'Save' }));
  await signIn();
  const again = await drawer(title);
  expect(again.getByLabelText<HTMLInputElement>(label).value).toMatch(/!$/);
  expect(await screen.findByText(/still here/)).toBeTruthy();
  await user.click(again.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]?.body).toMatchObject({ description: expect.stringMatching(/!$/) as string });
  expect(sent[0]?.headers.get('If-Match')).toBe('"3"');
});

it('opens a new one again with all that was written of it', async () => {
  const session = sessionOf({
    'GET /calendars': () => page(),
    'POST /calendars': () => problem(500, 'never'),
  });
  show('/settings/calendars', session.answers);
  await user.click((await screen.findAllByRole('button', { name: 'New calendar' }))[0] as HTMLElement);
  const form = await drawer('New calendar');
  await user.type(form.getByLabelText(/^Name/), 'closing');
  await user.click(form.getByRole('button', { name: 'Add days or hours' }));
  await user.type(form.getByLabelText('Day'), '12-31');
  session.end();
  await user.click(form.getByRole('button', { name: 'Create' }));
  await signIn();
  const again = await drawer('New calendar');
  expect(again.getByLabelText<HTMLInputElement>(/^Name/).value).toBe('closing');
  expect(again.getByLabelText<HTMLInputElement>('Day').value).toBe('12-31');
});

it('opens a new trigger again as one of its kind', async () => {
  const session = sessionOf({
    'GET /plans/nightly': () => json(aPlan()),
    'GET /plans/nightly/triggers': () => page(),
    'POST /triggers/preview': () => page(),
    'POST /plans/nightly/triggers': () => problem(500, 'never'),
  });
  show('/plans/nightly?part=triggers', session.answers);
  await user.click(await screen.findByRole('button', { name: 'Add a trigger…' }));
  const form = await drawer('A trigger for nightly');
  await user.click(form.getByRole('radio', { name: 'every so often' }));
  await user.type(form.getByLabelText(/^Name/), 'often');
  session.end();
  await user.click(form.getByRole('button', { name: 'Add the trigger' }));
  await signIn();
  const again = await drawer('A trigger for nightly');
  expect(again.getByRole<HTMLInputElement>('radio', { name: 'every so often' }).checked).toBe(true);
  expect(again.getByLabelText<HTMLInputElement>(/^Name/).value).toBe('often');
});

it('keeps the rules of retention, and takes them back to what is stored then', async () => {
  let stored = rules;
  const asked: Asked[] = [];
  const session = sessionOf({
    'GET /settings/retention': () => json(stored),
    'PATCH /settings/retention': (request) => {
      asked.push(request);
      return problem(412, 'They were changed meanwhile.');
    },
  });
  show('/settings/retention', session.answers);
  const runs = () => screen.findByLabelText<HTMLInputElement>('Newest runs of each task or plan');
  await user.clear(await runs());
  await user.type(await runs(), '7');
  session.end();
  await user.click(screen.getByRole('button', { name: 'Save' }));
  stored = { ...rules, runs: 500, version: 7 };
  await signIn();
  expect((await runs()).value).toBe('7');
  await user.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(asked.map(({ headers }) => headers.get('If-Match'))).toEqual(['"6"']));
  await user.click(screen.getByRole('button', { name: 'Take back' }));
  expect((await runs()).value).toBe('500');
  await user.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(asked.map(({ headers }) => headers.get('If-Match'))).toEqual(['"6"', '"7"']));
});

it('keeps no secret, and asks for it again', async () => {
  const session = sessionOf({
    'GET /notifications/channels': () => page(chat),
    'PATCH /notifications/channels/chat': () => json(chat),
  });
  show('/settings/notifications', session.answers);
  await user.click(await screen.findByRole('button', { name: 'Edit chat' }));
  await user.type((await drawer('Channel chat')).getByLabelText(/^Address/), 'https://key');
  session.end();
  await user.click(screen.getByRole('button', { name: 'Save' }));
  await signIn();
  const form = await drawer('Channel chat');
  expect(form.getByLabelText<HTMLInputElement>(/^Address/).value).toBe('');
  expect(form.getByText(/Type it again/)).toBeTruthy();
  await user.type(form.getByLabelText(/^Address/), 'h');
  expect(form.queryByText(/Type it again/)).toBeNull();
});

it('leaves no form to the next person once one has signed out, nor opens one in which nothing was changed', async () => {
  const session = sessionOf({ 'GET /notifications/channels': () => page(chat) });
  show('/settings/notifications', session.answers);
  await user.click(await screen.findByRole('button', { name: 'Edit chat' }));
  await user.type((await drawer('Channel chat')).getByLabelText('Whom it reaches'), '!');
  await user.click(screen.getByRole('button', { name: 'Sign out', hidden: true }));
  await signIn();
  await user.click(await screen.findByRole('button', { name: 'Edit chat' }));
  expect((await drawer('Channel chat')).getByLabelText<HTMLInputElement>('Whom it reaches').value).toBe(
    'on duty',
  );
  session.end();
  await user.click(screen.getByRole('button', { name: 'Save' }));
  await signIn();
  expect(await screen.findByRole('button', { name: 'Edit chat' })).toBeTruthy();
  expect(screen.queryByRole('dialog')).toBeNull();
});
