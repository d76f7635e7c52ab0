import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it } from 'vitest';

import { json, nothing, page, problem, show, signedIn } from '../testing/console';
import { aServer } from '../testing/samples';

afterEach(() => window.localStorage.clear());

it('says that nothing needs attention, and in one word where one thing does', async () => {
  const { unmount } = show('/servers', { ...signedIn, 'GET /servers': () => page(aServer()) });
  expect(await screen.findByRole('img', { name: 'Nothing needs attention' })).toBeTruthy();
  unmount();
  show('/servers', { ...signedIn, 'GET /servers': () => page(aServer({ status: 'unavailable' })) });
  expect(await screen.findByRole('link', { name: '1 thing needs attention' })).toBeTruthy();
});

it('changes the colours, and offers to change them back', async () => {
  show('/servers', signedIn);
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Use dark colours' }));
  expect(document.documentElement.getAttribute('data-mantine-color-scheme')).toBe('dark');
  await user.click(await screen.findByRole('button', { name: 'Use light colours' }));
  expect(document.documentElement.getAttribute('data-mantine-color-scheme')).toBe('light');
});

it('signs out, and asks for the token again', async () => {
  let open = true;
  show('/servers', {
    ...signedIn,
    'GET /session': () => (open ? json({ by: 'admin', expires_at: null }) : problem(401, 'signed out')),
    'DELETE /session': () => {
      open = false;
      return nothing();
    },
  });
  await userEvent.setup().click(await screen.findByRole('button', { name: 'Sign out' }));
  expect(await screen.findByLabelText(/Token/)).toBeTruthy();
});

it('says that one is still signed in where signing out has failed', async () => {
  show('/servers', { ...signedIn, 'DELETE /session': () => problem(403, 'not now') });
  await userEvent.setup().click(await screen.findByRole('button', { name: 'Sign out' }));
  expect(await screen.findByText('You are still signed in')).toBeTruthy();
  expect(screen.getByText('not now')).toBeTruthy();
});
