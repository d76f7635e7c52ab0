import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, nothing, page, problem, show, signedIn } from '../../../testing/console';
import type { Answers } from '../../../testing/console';
import { aSummary } from '../../../testing/samples';

const chat = {
  name: 'chat',
  description: 'on duty',
  webhook: { format: 'segno' },
  secrets_set: ['webhook.url', 'webhook.secret'],
  address: 'https://chat.example',
  max_age: '24h0m0s',
  max_tries: 50,
  version: 3,
};
const failures = {
  name: 'failures',
  events: ['run_failed', 'run_late'],
  tasks: ['load-*'],
  labels: { team: 'etl' },
  channels: ['chat'],
  version: 2,
};
const dead = {
  id: 'D1',
  channel: 'chat',
  event: 'run_failed',
  title: 'load-orders failed',
  state: 'dead',
  tries: 50,
  next_at: null,
  last_error: 'the receiver answers 500',
  created_at: '2026-01-31T09:05:00Z',
  ended_at: '2026-01-31T10:05:00Z',
  notice: { text: 'load-orders failed: exit code 3', run: { id: '01J9' } },
};
const answers: Answers = {
  ...signedIn,
  'GET /notifications/channels': () => page(chat),
  'GET /notifications/rules': () => page(failures),
  'GET /notifications/deliveries': () => page(dead),
};

it('sends a test to a channel and says what the receiver answered', async () => {
  let delivered = true;
  show('/settings/notifications', {
    ...answers,
    'POST /notifications/channels/chat/test': () =>
      json({ delivered, error: delivered ? '' : 'connection refused', took: '12ms' }),
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Send a test to chat' }));
  expect(await screen.findByText('chat has taken the test, in 12ms')).toBeTruthy();
  delivered = false;
  await user.click(screen.getByRole('button', { name: 'Send a test to chat' }));
  expect(await screen.findByText('connection refused')).toBeTruthy();
});

it('edits a channel without touching its secrets', async () => {
  const edits: unknown[] = [];
  show('/settings/notifications', {
    ...answers,
    'PATCH /notifications/channels/chat': ({ body }) => {
      edits.push(body);
      return json(chat);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Edit chat' }));
  const form = within(await screen.findByRole('dialog', { name: 'Channel chat' }));
  expect(form.getByLabelText<HTMLInputElement>(/^Address/).value).toBe('');
  await user.type(form.getByLabelText('Whom it reaches'), ' at night');
  await user.click(form.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(edits).toHaveLength(1));
  expect(edits[0]).toEqual({
    description: 'on duty at night',
    paused: false,
    max_age: '24h',
    max_tries: 50,
    webhook: { format: 'segno' },
  });
});

it('puts what is wrong with a channel at its field', async () => {
  show('/settings/notifications', {
    ...answers,
    'POST /notifications/channels': () =>
      json(
        {
          title: 'wrong',
          status: 422,
          detail: 'It is wrong.',
          errors: [
            { field: 'webhook.url', reason: 'must begin with https://' },
            { field: 'colour', reason: 'is not known' },
          ],
        },
        422,
      ),
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'New channel' }));
  await user.click(await screen.findByRole('button', { name: 'Create' }));
  expect(await screen.findByText('must begin with https://')).toBeTruthy();
  expect(screen.getByText('colour is not known.')).toBeTruthy();
});

it('makes a rule of events, tasks and labels', async () => {
  const made: unknown[] = [];
  show('/settings/notifications?tab=rules', {
    ...answers,
    'POST /notifications/rules': ({ body }) => {
      made.push(body);
      return json({ ...(body as object), version: 1 }, 201);
    },
  });
  expect(await screen.findByText('chat of run failed, run late; tasks load-*; label team=etl')).toBeTruthy();
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'New rule' }));
  const form = within(await screen.findByRole('dialog', { name: 'New rule' }));
  await user.type(form.getByLabelText(/^Name/), 'night');
  await user.click(form.getByLabelText(/^Of what is told/, { selector: 'input' }));
  await user.click(await screen.findByRole('option', { name: /run late/ }));
  await user.click(form.getByLabelText(/^Channels that are told/, { selector: 'input' }));
  await user.click(await screen.findByRole('option', { name: 'chat' }));
  await user.type(form.getByLabelText('Only these tasks', { selector: 'input' }), 'load-*{Enter}');
  await user.type(form.getByLabelText('Only with these labels', { selector: 'input' }), 'team=etl{Enter}');
  await user.click(form.getByRole('button', { name: 'Create' }));
  await waitFor(() => expect(made).toHaveLength(1));
  expect(made[0]).toMatchObject({
    name: 'night',
    events: ['run_late'],
    channels: ['chat'],
    tasks: ['load-*'],
    labels: { team: 'etl' },
    disabled: false,
  });
});

it('turns a rule off and says where it could not', async () => {
  let stands = false;
  show('/settings/notifications?tab=rules', {
    ...answers,
    'PATCH /notifications/rules/failures': ({ body }) => {
      expect(body).toEqual({ disabled: true });
      return stands ? problem(503, 'The disk is full.') : json({ ...failures, disabled: true });
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('switch', { name: 'failures is in use' }));
  stands = true;
  await user.click(await screen.findByRole('switch', { name: 'failures is in use' }));
  expect(await screen.findByText('The disk is full.')).toBeTruthy();
});

it('deletes a rule and takes that back', async () => {
  const made: unknown[] = [];
  show('/settings/notifications?tab=rules', {
    ...answers,
    'DELETE /notifications/rules/failures': nothing,
    'POST /notifications/rules': ({ body }) => {
      made.push(body);
      return json(failures, 201);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Edit failures' }));
  await user.click(await screen.findByRole('button', { name: 'Delete…' }));
  await user.click(screen.getByRole('button', { name: 'Delete failures for good' }));
  await user.click(await screen.findByRole('button', { name: 'Undo' }));
  await waitFor(() => expect(made).toHaveLength(1));
  expect(made[0]).toMatchObject({ name: 'failures', events: ['run_failed', 'run_late'] });
});

it('shows why a delivery is dead, leads to its run, and tries it again', async () => {
  const tried: string[] = [];
  show('/settings/notifications?tab=deliveries&state=dead', {
    ...answers,
    'GET /notifications/deliveries': ({ url }) =>
      url.searchParams.get('state') === 'dead' ? page(dead) : page(),
    'POST /notifications/deliveries/D1/retry': ({ url }) => {
      tried.push(url.pathname);
      return json({ ...dead, state: 'waiting' });
    },
  });
  const row = within(await screen.findByRole('row', { name: /load-orders failed/ }));
  expect(row.getByText('the receiver answers 500')).toBeTruthy();
  expect(row.getByRole('link', { name: 'load-orders failed' }).getAttribute('href')).toBe('/runs/01J9');
  await userEvent.setup().click(row.getByRole('button', { name: /Try again/ }));
  expect(await screen.findByText('It is tried again now')).toBeTruthy();
  expect(tried).toHaveLength(1);
});

it('says on the tab how many are dead, and tries all again that are shown, but for those that have gone', async () => {
  const tried: string[] = [];
  const retry = (id: string, answer: () => Response) => ({
    [`POST /notifications/deliveries/${id}/retry`]: () => {
      tried.push(id);
      return answer();
    },
  });
  show('/settings/notifications?tab=deliveries', {
    ...answers,
    'GET /summary': () => json(aSummary({ dead_deliveries: 3 })),
    'GET /notifications/deliveries': () =>
      page(dead, { ...dead, id: 'D2' }, { ...dead, id: 'D3' }, { ...dead, id: 'D4', state: 'delivered' }),
    ...retry('D1', () => json({ ...dead, state: 'waiting' })),
    ...retry('D2', () => problem(404, 'it has gone')),
    ...retry('D3', () => json({ ...dead, id: 'D3', state: 'waiting' })),
  });
  expect(await screen.findByRole('tab', { name: /^Deliveries\s*3 dead/ })).toBeTruthy();
  await userEvent.setup().click(await screen.findByRole('button', { name: /^Retry these 3/ }));
  expect(await screen.findByText('2 are tried again now')).toBeTruthy();
  expect(tried).toEqual(['D1', 'D2', 'D3']);
});
