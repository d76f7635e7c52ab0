import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { show, signedIn } from '../testing/console';

/** The bar at the bottom, which a style sheet hides on wide screens. */
const bar = async () => within((await screen.findByText('Groups')).closest('nav') as HTMLElement);

it('has the pages of every day, by their short names, and tells where one is', async () => {
  show('/servers', signedIn);
  const links = (await bar()).getAllByRole('link');
  expect(links.map((link) => link.textContent)).toEqual(['Overview', 'Runs', 'Groups', 'Servers']);
  expect(links.map((link) => link.getAttribute('aria-current'))).toEqual([null, null, null, 'page']);
});

it('leads to the other pages from behind More, which is marked while one is there', async () => {
  show('/servers', signedIn);
  const more = (await bar()).getByRole('button', { name: 'More' });
  expect(more.dataset.active).toBeUndefined();
  const user = userEvent.setup();
  await user.click(more);
  await user.click(await screen.findByRole('menuitem', { name: 'Tasks' }));
  expect(await screen.findByRole('heading', { level: 1, name: 'Tasks' })).toBeTruthy();
  expect(more.dataset.active).toBe('true');
});
