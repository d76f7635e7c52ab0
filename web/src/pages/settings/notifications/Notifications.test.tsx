import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, problem, show, showLinked } from '../../../testing/console';
import { aSummary } from '../../../testing/samples';
import { Notifications } from './Notifications';
import { answers, dead } from './samples';

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

it('says on the tab how many are dead, and tries all again that are shown, but for those that have gone', async () => {
  const tried: string[] = [];
  const retry = (id: string, answer: () => Response) => ({
    [`POST /notifications/deliveries/${id}/retry`]: () => {
      tried.push(id);
      return answer();
    },
  });
  show('/settings/notifications?tab=deliveries', {
    ...answers,
    'GET /summary': () => json(aSummary({ dead_deliveries: 3 })),
    'GET /notifications/deliveries': () =>
      page(dead, { ...dead, id: 'D2' }, { ...dead, id: 'D3' }, { ...dead, id: 'D4', state: 'delivered' }),
    ...retry('D1', () => json({ ...dead, state: 'waiting' })),
    ...retry('D2', () => problem(404, 'it has gone')),
    ...retry('D3', () => json({ ...dead, id: 'D3', state: 'waiting' })),
  });
  expect(await screen.findByRole('tab', { name: /^Deliveries\s*3 dead/ })).toBeTruthy();
  await userEvent.setup().click(await screen.findByRole('button', { name: /^Retry these 3/ }));
  expect(await screen.findByText('2 are tried again now')).toBeTruthy();
  expect(tried).toEqual(['D1', 'D2', 'D3']);
});
