import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, problem, show } from '../../../testing/console';
import { answers } from './samples';

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

it('says where a channel goes and to whom, and pauses it', async () => {
  const sent: unknown[] = [];
  const mail = {
    name: 'mail',
    email: {
      host: 'smtp.example',
      security: 'tls',
      from: 'a@b.example',
      to: ['ops@b.example', 'c@b.example'],
    },
    secrets_set: [],
    address: 'smtp.example:465',
    version: 1,
  };
  show('/settings/notifications', {
    ...answers,
    'GET /notifications/channels': () => page(mail),
    'PATCH /notifications/channels/mail': ({ body }) => {
      sent.push(body);
      return problem(503, 'The disk is full.');
    },
  });
  const row = within(await screen.findByRole('row', { name: /mail/ }));
  expect(row.getByRole('img', { name: 'E-mail' })).toBeTruthy();
  expect(row.getByText('smtp.example:465')).toBeTruthy();
  expect(row.getByText('ops@b.example, c@b.example')).toBeTruthy();
  await userEvent.click(row.getByRole('switch', { name: 'mail sends' }));
  await waitFor(() => expect(sent).toEqual([{ paused: true }]));
  expect(await screen.findByText('mail stays as it is')).toBeTruthy();
});
