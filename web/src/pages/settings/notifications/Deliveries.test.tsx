import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, show } from '../../../testing/console';
import { answers, dead } from './samples';

it('shows why a delivery is dead, leads to its run, and tries it again', async () => {
  const tried: string[] = [];
  show('/settings/notifications?tab=deliveries&state=dead', {
    ...answers,
    'GET /notifications/deliveries': ({ url }) =>
      url.searchParams.get('state') === 'dead' ? page(dead) : page(),
    'POST /notifications/deliveries/D1/retry': ({ url }) => {
      tried.push(url.pathname);
      return json({ ...dead, state: 'waiting' });
    },
  });
  const row = within(await screen.findByRole('row', { name: /load-orders failed/ }));
  expect(row.getByText('the receiver answers 500')).toBeTruthy();
  expect(row.getByRole('link', { name: 'load-orders failed' }).getAttribute('href')).toBe('/runs/01J9');
  await userEvent.setup().click(row.getByRole('button', { name: /Try again/ }));
  expect(await screen.findByText('It is tried again now')).toBeTruthy();
  expect(tried).toHaveLength(1);
});

it('says whether there is nothing at all or nothing of that kind', async () => {
  const none = { ...answers, 'GET /notifications/deliveries': () => page() };
  const { unmount } = show('/settings/notifications?tab=deliveries', none);
  expect(await screen.findByText(/Nobody was told of anything yet/)).toBeTruthy();
  unmount();
  show('/settings/notifications?tab=deliveries&channel=chat', none);
  expect(await screen.findByText('No delivery is so.')).toBeTruthy();
});
