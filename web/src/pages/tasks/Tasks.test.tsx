import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { page, show, signedIn } from '../../testing/console';
import { aTrigger } from '../../testing/samples';

const aTask = (name: string, more: object = {}) => ({
  name,
  target: { virtual_server: 'etl' },
  job: { command: ['true'] },
  version: 1,
  created_at: '2026-01-31T09:05:00Z',
  updated_at: '2026-01-31T09:05:00Z',
  ...more,
});

const last = {
  id: '01J9',
  state: 'failed',
  reason: 'exit code 3',
  server: 'js-1',
  queued_at: '2026-01-31T09:00:00Z',
  started_at: '2026-01-31T09:00:01Z',
  ended_at: '2026-01-31T09:00:02Z',
};

it('lists tasks with their last run and the soonest of their next ones', async () => {
  show('/tasks', {
    ...signedIn,
    'GET /tasks': () => page(aTask('load', { last_run: last }), aTask('report')),
    'GET /triggers': () =>
      page(
        aTrigger({ task: 'load', name: 'late', next_at: '2027-03-01T02:00:00Z' }),
        aTrigger({ task: 'load', name: 'soon', next_at: '2027-02-01T02:00:00Z' }),
      ),
  });
  const row = async (name: string) => {
    const link = await screen.findByRole('link', { name });
    return within(link.closest('tr') as HTMLElement);
  };
  const load = await row('load');
  const run = load.getByRole('link', { name: 'Last run of load' });
  expect(run.getAttribute('href')).toBe('/runs/01J9');
  expect(within(run).getByText('failed')).toBeTruthy();
  const next = await load.findByTitle<HTMLTimeElement>(/2027-02-01 02:00:00 UTC/);
  expect(next.dateTime).toBe('2027-02-01T02:00:00.000Z');
  const report = await row('report');
  expect(report.getByText('never')).toBeTruthy();
  expect(report.getByText('–')).toBeTruthy();
});

it('pauses all triggers from the list of tasks', async () => {
  let reason = '';
  const pause = () => ({
    level: 'all',
    task: null,
    plan: null,
    reason,
    by: 'admin',
    at: '2026-01-31T08:00:00Z',
  });
  show('/tasks', {
    ...signedIn,
    'GET /tasks': () => page(aTask('load')),
    'GET /triggers': () => page(),
    'GET /pauses': () => (reason === '' ? page() : page(pause())),
    'POST /triggers/pause': ({ body }) => {
      reason = (body as { reason: string }).reason;
      return page(pause());
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Pause all triggers…' }));
  await userEvent.type(await screen.findByLabelText('Why'), 'the database moves');
  await userEvent.click(screen.getByRole('button', { name: 'Pause' }));
  expect(await screen.findByText(/^All triggers are paused by admin: the database moves/)).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Pause all triggers…' })).toBeNull();
});

it('says what a task is where there is none, and leads to the first', async () => {
  show('/tasks', { ...signedIn, 'GET /triggers': () => page() });
  const link = await screen.findByRole('link', { name: 'Make the first one' });
  expect(decodeURIComponent(link.getAttribute('href') ?? '')).toBe('/tasks/~new');
});
