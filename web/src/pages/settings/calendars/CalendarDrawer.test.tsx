import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { emptyCalendar } from '../../../data/calendars';
import type { Calendar } from '../../../data/calendars';
import { json, showLinked } from '../../../testing/console';
import { CalendarDrawer } from './CalendarDrawer';

const holidays: Calendar = { ...emptyCalendar, name: 'holidays', version: 4 };
const user = userEvent.setup();

it('is closed while there is nothing to edit', () => {
  showLinked(<CalendarDrawer calendar={undefined} close={vi.fn()} />);
  expect(screen.queryByRole('dialog')).toBeNull();
});

it('edits a calendar under its name, tells what was saved and closes', async () => {
  const [close, saved] = [vi.fn(), vi.fn()];
  showLinked(<CalendarDrawer calendar={holidays} close={close} saved={saved} />, {
    'PATCH /calendars/holidays': ({ body }) => json({ name: 'holidays', ...(body as object), version: 5 }),
  });
  const drawer = within(await screen.findByRole('dialog', { name: 'Calendar holidays' }));
  await user.type(drawer.getByLabelText('What it is for'), 'all');
  await user.click(drawer.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(saved).toHaveBeenCalledTimes(1));
  expect(saved.mock.calls[0]?.[0]).toMatchObject({ name: 'holidays', description: 'all', version: 5 });
  expect(close).toHaveBeenCalledTimes(1);
});

it('makes a new one, and is closed without it', async () => {
  const close = vi.fn();
  showLinked(<CalendarDrawer calendar={null} close={close} />);
  const drawer = within(await screen.findByRole('dialog', { name: 'New calendar' }));
  expect(drawer.getByLabelText(/^Name/)).toBeTruthy();
  await user.click(drawer.getByRole('button', { name: 'Close' }));
  expect(close).toHaveBeenCalledTimes(1);
});
