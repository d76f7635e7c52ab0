import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { emptyCalendar } from '../../../data/calendars';
import { page, problem, showPart } from '../../../testing/console';
import { Preview } from './Preview';

const user = userEvent.setup();
const look = () => user.click(screen.getByRole('button', { name: 'Look at the coming year by it' }));

it('asks for the coming year once it is wanted, and hides it again', async () => {
  const asked: (string | null)[] = [];
  showPart(<Preview draft={emptyCalendar} />, {
    'POST /calendars/preview': ({ url }) => {
      asked.push(url.searchParams.get('from'));
      return page({ date: '2026-12-25', allowed: [], entries: ['Christmas'] });
    },
  });
  expect(asked).toEqual([]);
  await look();
  expect(await screen.findByRole('button', { name: /not due \(Christmas\)/ })).toBeTruthy();
  expect(asked).toHaveLength(1);
  const hide = screen.getByRole('button', { name: 'Hide the coming year' });
  expect(hide.getAttribute('aria-expanded')).toBe('true');
  await user.click(hide);
  await waitFor(() => expect(screen.queryByRole('button', { name: /Christmas/ })).toBeNull());
});

it('says that it cannot look while something is wrong', async () => {
  showPart(<Preview draft={emptyCalendar} />, {
    'POST /calendars/preview': () => problem(422, 'The entry is wrong.'),
  });
  await look();
  expect(await screen.findByText(/cannot be looked at while something is wrong/)).toBeTruthy();
});
