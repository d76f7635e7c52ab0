import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, nothing, show } from '../../../testing/console';
import { answers, failures } from './samples';

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
