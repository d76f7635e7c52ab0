import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { showLinked } from '../../../testing/console';
import { Notifications } from './Notifications';
import { answers } from './samples';

it('shows channels, rules and deliveries in tabs, of which the address keeps which one', async () => {
  showLinked(<Notifications />, answers);
  expect(await screen.findByRole('table', { name: 'Channels' })).toBeTruthy();
  const user = userEvent.setup();
  await user.click(screen.getByRole('tab', { name: 'Rules' }));
  expect(await screen.findByRole('table', { name: 'Rules' })).toBeTruthy();
  expect(screen.queryByRole('table', { name: 'Channels' })).toBeNull();
  await user.click(screen.getByRole('tab', { name: 'Deliveries' }));
  expect(await screen.findByRole('table', { name: 'Deliveries' })).toBeTruthy();
  await waitFor(() => expect(window.location.search).toBe('?tab=deliveries'));
});
