import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, nothing, page, problem, show, signedIn } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aRun } from '../../testing/samples';

const stored = {
  name: 'load',
  description: 'Loads the orders',
  target: { virtual_server: 'etl' },
  job: { command: ['sh', 'load.sh'] },
  version: 7,
  created_at: '2026-01-31T09:05:00Z',
  updated_at: '2026-01-31T09:05:00Z',
};

function showTask(address = '', answers: Answers = {}) {
  return show(`/tasks/load${address}`, { ...signedIn, 'GET /tasks/load': () => json(stored), ...answers });
}

it('says what the task is for, and leads back to all of them', async () => {
  showTask();
  expect(await screen.findByText(/· Loads the orders/)).toBeTruthy();
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('load');
  expect(screen.getByRole('link', { name: 'All tasks' }).getAttribute('href')).toBe('/tasks');
});

it('says that there is no such task, and offers nothing to do with it', async () => {
  show('/tasks/load', { ...signedIn, 'GET /tasks/load': () => problem(404, 'there is no task load') });
  expect(await screen.findByText('The task could not be read')).toBeTruthy();
  expect(screen.getByText('there is no task load')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Remove…' })).toBeNull();
});

it('removes the task only after asking, and puts it back as it was by Undo', async () => {
  const asked: unknown[] = [];
  showTask('', {
    'DELETE /tasks/load': () => {
      asked.push('delete');
      return nothing();
    },
    'POST /tasks': ({ body }) => {
      asked.push(body);
      return json(stored, 201);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Remove…' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Remove load?' }));
  expect(asked).toEqual([]);
  await user.click(dialog.getByRole('button', { name: 'Remove' }));
  await waitFor(() => expect(window.location.pathname).toBe('/tasks'));
  await user.click(await screen.findByRole('button', { name: 'Undo' }));
  const { name, description, target, job } = stored;
  await waitFor(() => expect(asked).toEqual(['delete', { name, description, target, job }]));
});

it('copies a task into a new one that has no name yet', async () => {
  showTask();
  await userEvent.setup().click(await screen.findByRole('button', { name: 'Copy…' }));
  expect(await screen.findByRole('heading', { name: 'New task' })).toBeTruthy();
  const yaml = await screen.findByLabelText<HTMLTextAreaElement>('YAML');
  expect(yaml.value).toContain('load.sh');
  expect(yaml.value).not.toContain('name: load');
  expect(screen.getByText('as load is')).toBeTruthy();
});

it('shows the runs of this task alone, and leads to all of them', async () => {
  showTask('?part=runs', {
    'GET /runs': ({ url }) =>
      url.searchParams.get('task') === 'load' ? page(aRun({ task: 'load', reason: 'exit code 3' })) : page(),
  });
  expect(await screen.findByRole('table', { name: 'Runs of the task' })).toBeTruthy();
  const all = screen.getByRole('link', { name: 'All its runs, with filters' });
  expect(all.getAttribute('href')).toBe('/runs?task=load');
});

it('says that a task has not run yet, and keeps the part that is shown in the address', async () => {
  showTask();
  await userEvent.setup().click(await screen.findByRole('tab', { name: 'Runs' }));
  expect(await screen.findByText('It has not run yet.')).toBeTruthy();
  await waitFor(() => expect(window.location.search).toBe('?part=runs'));
});
