import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, nothing, page, show, signedIn } from '../../../testing/console';
import type { Answers } from '../../../testing/console';

const holidays = {
  name: 'holidays',
  description: 'of the country',
  entries: [{ name: 'Christmas', date: '12-25', until: '12-26' }, { weekdays: ['sat', 'sun'] }],
  version: 4,
};
const answers: Answers = {
  ...signedIn,
  'GET /calendars': () => page(holidays),
  'GET /calendars/holidays': () => json(holidays),
  'GET /calendars/holidays/days': ({ url }) =>
    page({ date: (url.searchParams.get('from') ?? '').slice(0, 10), allowed: [], entries: ['Christmas'] }),
  'GET /triggers': () =>
    page(
      { name: 'nightly', task: 'load-orders', plan: null },
      { name: 'monthly', task: null, plan: 'month-end' },
    ),
};

it('shows the days, and leads to the tasks and plans whose triggers follow it', async () => {
  show('/settings/calendars/holidays', answers);
  expect(await screen.findByText('12-25 to 12-26, each year')).toBeTruthy();
  expect(screen.getByText('sat, sun')).toBeTruthy();
  const ofTask = await screen.findByRole('link', { name: 'load-orders' });
  expect(ofTask.getAttribute('href')).toBe('/tasks/load-orders');
  expect(screen.getByRole('link', { name: 'month-end' }).getAttribute('href')).toBe('/plans/month-end');
});

it('turns to the years after the coming one, and back', async () => {
  show('/settings/calendars/holidays', answers);
  const user = userEvent.setup();
  const year = new Date().getUTCFullYear();
  await screen.findByRole('heading', { name: 'The coming year' });
  const earlier = screen.getByRole<HTMLButtonElement>('button', { name: 'A year earlier' });
  expect(earlier.disabled).toBe(true);
  await user.click(screen.getByRole('button', { name: 'A year later' }));
  expect(await screen.findByRole('button', { name: new RegExp(`${year + 1}: not due`) })).toBeTruthy();
  expect(screen.getByRole('heading', { name: new RegExp(`${year + 1} to .*${year + 2}`) })).toBeTruthy();
  await user.click(earlier);
  expect(await screen.findByRole('heading', { name: 'The coming year' })).toBeTruthy();
});

it('edits what was read under its version', async () => {
  const edits: [string | null, unknown][] = [];
  show('/settings/calendars/holidays', {
    ...answers,
    'PATCH /calendars/holidays': ({ headers, body }) => {
      edits.push([headers.get('If-Match'), body]);
      return json({ ...holidays, version: 5 });
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Edit' }));
  const form = within(await screen.findByRole('dialog', { name: 'Calendar holidays' }));
  await user.click(form.getByRole('button', { name: 'Remove number 2' }));
  await user.click(form.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(edits).toHaveLength(1));
  expect(edits[0]?.[0]).toBe('"4"');
  expect(edits[0]?.[1]).toMatchObject({ entries: [{ name: 'Christmas', date: '12-25', until: '12-26' }] });
});

it('is deleted at the second press, and can be taken back', async () => {
  const made: unknown[] = [];
  show('/settings/calendars/holidays', {
    ...answers,
    'DELETE /calendars/holidays': nothing,
    'POST /calendars': ({ body }) => {
      made.push(body);
      return json(holidays, 201);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Delete…' }));
  await user.click(screen.getByRole('button', { name: 'Delete holidays for good' }));
  await user.click(await screen.findByRole('button', { name: 'Undo' }));
  await waitFor(() => expect(made).toHaveLength(1));
  expect(made[0]).toMatchObject({ name: 'holidays', description: 'of the country' });
});
