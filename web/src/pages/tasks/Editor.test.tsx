import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, problem, show, signedIn } from '../../testing/console';
import { changed, valuesOf } from './RunNow';

const stored = {
  name: 'load',
  target: { virtual_server: 'etl' },
  job: { command: ['sh', 'load.sh'] },
  params: { date: '2026-01-01' },
  version: 7,
  created_at: '2026-01-31T09:05:00Z',
  updated_at: '2026-01-31T09:05:00Z',
};

it('shows the same task as form and as YAML, and saves what differs of the version that was read', async () => {
  const sent: { body: unknown; version: string | null }[] = [];
  show('/tasks/load', {
    ...signedIn,
    'GET /tasks/load': () => json(stored),
    'PATCH /tasks/load': ({ body, headers }) => {
      sent.push({ body, version: headers.get('If-Match') });
      return json({ ...stored, version: 8 });
    },
  });
  const user = userEvent.setup();
  const yaml = await screen.findByLabelText<HTMLTextAreaElement>('YAML');
  expect(yaml.value).toContain('virtual_server: etl');
  await user.type(screen.getByLabelText('Description'), 'Loads');
  expect(yaml.value).toContain('description: Loads');
  await user.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(sent).toEqual([{ body: { description: 'Loads' }, version: '"7"' }]));
});

it('shows what the conductor refuses at its field, with its line in the YAML', async () => {
  show('/tasks/load', {
    ...signedIn,
    'GET /tasks/load': () => json(stored),
    'PATCH /tasks/load': () =>
      json(
        {
          title: 'Invalid',
          status: 422,
          detail: 'no',
          errors: [{ field: 'timeout', reason: 'must have a unit' }],
        },
        422,
      ),
  });
  const user = userEvent.setup();
  await user.type(await screen.findByLabelText('Longest time of an attempt'), '9');
  await user.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('(line 10)', { exact: false })).toBeTruthy();
  expect(screen.getAllByText(/must have a unit/)).toHaveLength(2);
});

it('does not save YAML that cannot be read, and says where it is wrong', async () => {
  show('/tasks/load', { ...signedIn, 'GET /tasks/load': () => json(stored) });
  const user = userEvent.setup();
  const yaml = await screen.findByLabelText('YAML');
  await user.clear(yaml);
  await user.type(yaml, 'name: load{Enter}name: again');
  expect((await screen.findByRole('alert')).textContent).toMatch(/^line 2/);
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Save' }).disabled).toBe(true);
});

it('keeps what was changed when somebody else has saved meanwhile, and puts it on theirs', async () => {
  let version = 7;
  const sent: { body: unknown; version: string | null }[] = [];
  const theirs = () => (version === 7 ? stored : { ...stored, version, timeout: '1h0m0s' });
  show('/tasks/load', {
    ...signedIn,
    'GET /tasks/load': () => json(theirs()),
    'PATCH /tasks/load': ({ body, headers }) => {
      sent.push({ body, version: headers.get('If-Match') });
      if (headers.get('If-Match') === '"7"') {
        version = 8;
        return problem(412, 'the version is 8');
      }
      return json({ ...theirs(), description: 'Loads', version: 9 });
    },
  });
  const user = userEvent.setup();
  await user.type(await screen.findByLabelText('Description'), 'Loads');
  await user.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('This task was changed meanwhile')).toBeTruthy();
  expect(screen.getByLabelText<HTMLInputElement>('Description').value).toBe('Loads');
  await user.click(screen.getByRole('button', { name: 'Keep mine on theirs' }));
  expect(screen.getByLabelText<HTMLTextAreaElement>('YAML').value).toContain('timeout: 1h0m0s');
  await user.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(sent).toHaveLength(2));
  expect(sent[1]).toEqual({ body: { description: 'Loads' }, version: '"8"' });
  await screen.findByText('As it is stored.');
});

it('asks before one leaves with changes that are not saved, and takes them back by Undo', async () => {
  show('/tasks/load', { ...signedIn, 'GET /tasks/load': () => json(stored) });
  const user = userEvent.setup();
  await user.type(await screen.findByLabelText('Description'), 'Loads');
  await user.click(screen.getByRole('link', { name: 'All tasks' }));
  const dialog = await screen.findByRole('dialog', { name: 'Leave without saving?' });
  await user.click(within(dialog).getByRole('button', { name: 'Stay here' }));
  expect(screen.getByLabelText<HTMLInputElement>('Description').value).toBe('Loads');
  await user.click(screen.getByRole('button', { name: 'Undo' }));
  expect(screen.getByLabelText<HTMLInputElement>('Description').value).toBe('');
  await user.click(screen.getByRole('link', { name: 'All tasks' }));
  await screen.findByRole('heading', { name: 'Tasks' });
});

it('sends of a run’s parameters those that differ from the task’s', () => {
  expect(changed({ a: '1', b: '2' }, valuesOf({ a: '1', b: '2' }, { b: '3', c: '4' }))).toEqual({
    b: '3',
    c: '4',
  });
});
