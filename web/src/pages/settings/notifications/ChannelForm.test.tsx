import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, show } from '../../../testing/console';
import { answers, chat } from './samples';

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
