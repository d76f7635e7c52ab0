import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, show } from '../../testing/console';
import { sessionOf, signIn } from '../../testing/session';

const stored = {
  name: 'load',
  target: { virtual_server: 'etl' },
  job: { command: ['true'] },
  version: 7,
  created_at: '2026-01-31T09:05:00Z',
  updated_at: '2026-01-31T09:05:00Z',
};

/** Shows a task, and lets its session end and begin again. */
function showTask() {
  const session = sessionOf({
    'GET /tasks/load': () => json(stored),
    'PATCH /tasks/load': () => json({ ...stored, version: 8 }),
  });
  show('/tasks/load', session.answers);
  return session;
}

const description = () => screen.findByLabelText<HTMLInputElement>('Description');

it('keeps what is not saved when the session ends, and shows it once one has signed in again', async () => {
  const session = showTask();
  await userEvent.type(await description(), 'Loads');
  session.end();
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await signIn();
  expect((await description()).value).toBe('Loads');
  expect(await screen.findByText(/still here/)).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('load is saved')).toBeTruthy();
  expect(JSON.stringify([localStorage, sessionStorage])).not.toContain('Loads');
});

it('leaves nothing to the next person once one has signed out', async () => {
  showTask();
  await userEvent.type(await description(), 'Loads');
  await userEvent.click(screen.getByRole('button', { name: 'Sign out' }));
  await signIn();
  expect((await description()).value).toBe('');
});
