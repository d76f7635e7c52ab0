import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, problem, show, signedIn } from '../../../testing/console';

const day = { date: '2026-12-25', allowed: [], entries: ['Christmas'] };

it('looks at a year by what is typed, without saving it', async () => {
  const asked: unknown[] = [];
  show('/settings/calendars', {
    ...signedIn,
    'GET /calendars': () => page(),
    'POST /calendars/preview': ({ body }) => {
      asked.push(body);
      return page(day);
    },
  });
  const user = userEvent.setup();
  await user.click(await newButton());
  const form = within(await screen.findByRole('dialog', { name: 'New calendar' }));
  await user.click(form.getByRole('button', { name: 'Add days or hours' }));
  await user.type(form.getByLabelText('Day'), '12-25');
  expect(asked).toEqual([]);
  await user.click(form.getByRole('button', { name: 'Look at the coming year by it' }));
  expect(await form.findByRole('button', { name: /25.*not due \(Christmas\)/ })).toBeTruthy();
  const draft = { mode: 'exclude', timezone: '', icalendar: '' };
  await waitFor(() => expect(asked.at(-1)).toEqual({ ...draft, entries: [{ date: '12-25' }] }));
  await user.click(form.getByText('sat'));
  const entry = { date: '12-25', weekdays: ['sat'] };
  await waitFor(() => expect(asked.at(-1)).toEqual({ ...draft, entries: [entry] }));
});

it('says that it cannot look while something is wrong', async () => {
  show('/settings/calendars', {
    ...signedIn,
    'GET /calendars': () => page(),
    'POST /calendars/preview': () => problem(422, 'The entry is wrong.'),
  });
  const user = userEvent.setup();
  await user.click(await newButton());
  await user.click(await screen.findByRole('button', { name: 'Look at the coming year by it' }));
  expect(await screen.findByText(/cannot be looked at/)).toBeTruthy();
});

it('reads an iCalendar file, refuses one that is too large, and saves what it read', async () => {
  const saved: unknown[] = [];
  show('/settings/calendars', {
    ...signedIn,
    'GET /calendars': () => page(),
    'POST /calendars': ({ body }) => {
      saved.push(body);
      return json({ ...(body as object), version: 1 }, 201);
    },
  });
  const user = userEvent.setup();
  await user.click(await newButton());
  const dialog = await screen.findByRole('dialog', { name: 'New calendar' });
  const input = dialog.querySelector('input[type="file"]') as HTMLInputElement;
  const large = new File(['x'.repeat(600 * 1024)], 'large.ics', { type: 'text/calendar' });
  await user.upload(input, large);
  expect(await screen.findByText(/large.ics has 600 KiB; at most 512 are taken/)).toBeTruthy();
  const text = 'BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR\n';
  await user.upload(input, new File([text], 'closing.ics', { type: 'text/calendar' }));
  expect(await screen.findByText('closing.ics: 1 event')).toBeTruthy();
  await user.type(within(dialog).getByLabelText(/^Name/), 'closing');
  await user.click(within(dialog).getByRole('button', { name: 'Create' }));
  await waitFor(() => expect(saved).toHaveLength(1));
  expect(saved[0]).toMatchObject({ name: 'closing', icalendar: text });
});

/** The page has the button twice while there is no calendar. */
async function newButton(): Promise<HTMLElement> {
  return (await screen.findAllByRole('button', { name: 'New calendar' }))[0] as HTMLElement;
}
