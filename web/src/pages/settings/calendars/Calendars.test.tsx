import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { page, problem, showLinked } from '../../../testing/console';
import { Calendars } from './Calendars';

const entry = (fields: object) => ({ ...fields });
const holidays = {
  name: 'holidays',
  description: 'of the country',
  mode: 'only',
  timezone: 'Europe/Paris',
  entries: [
    entry({ name: 'Christmas', date: '12-25' }),
    entry({ weekdays: ['sun'] }),
    entry({ name: 'Easter', date: '2027-03-28' }),
    entry({ name: 'May Day', date: '05-01' }),
  ],
  icalendar: 'BEGIN:VCALENDAR',
  version: 4,
};

it('tells of each calendar when triggers are due, by what and in which zone, and leads to it', async () => {
  showLinked(<Calendars />, {
    'GET /calendars': () => page(holidays, { name: 'plain', entries: [], version: 1 }),
  });
  const row = within(await screen.findByRole('row', { name: /holidays/ }));
  expect(row.getByRole('link', { name: 'holidays' }).getAttribute('href')).toBe(
    '/settings/calendars/holidays',
  );
  for (const text of ['of the country', 'due then alone', 'Europe/Paris'])
    expect(row.getByText(text)).toBeTruthy();
  expect(row.getByText('Christmas; sun; Easter; 1 more; an iCalendar file')).toBeTruthy();
  const plain = within(screen.getByRole('row', { name: /plain/ }));
  for (const text of ['not due then', 'none', 'of the trigger']) expect(plain.getByText(text)).toBeTruthy();
});

it('leads to a first one where there is none', async () => {
  showLinked(<Calendars />, { 'GET /calendars': () => page() });
  const empty = await screen.findByText(/There is no calendar yet/);
  await userEvent.click(
    within(empty.parentElement as HTMLElement).getByRole('button', { name: 'New calendar' }),
  );
  expect(await screen.findByRole('dialog', { name: 'New calendar' })).toBeTruthy();
});

it('says why the calendars could not be read', async () => {
  showLinked(<Calendars />, { 'GET /calendars': () => problem(400, 'the cursor is bad') });
  expect(await screen.findByText('the cursor is bad')).toBeTruthy();
});
