import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { nothing, page, problem, show, signedIn } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aServer } from '../../testing/samples';

async function openDialog(answers: Answers) {
  const server = aServer({ status: 'unavailable', virtual_servers: ['etl', 'reports'] });
  show('/servers', { ...signedIn, 'GET /servers': () => page(server), ...answers });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'What to do with js-1' }));
  await user.click(await screen.findByRole('menuitem', { name: /^Remove/ }));
  return within(await screen.findByRole('dialog', { name: 'Remove js-1 from the fleet' }));
}

it('says which groups a server leaves, and removes it only when told to', async () => {
  let removed = 0;
  const dialog = await openDialog({
    'DELETE /servers/js-1': () => {
      removed++;
      return nothing();
    },
  });
  expect(dialog.getByText(/It leaves etl, reports\./)).toBeTruthy();
  expect(removed).toBe(0);
  await userEvent.setup().click(dialog.getByRole('button', { name: 'Remove js-1' }));
  await waitFor(() => expect(removed).toBe(1));
});

it('says why a server was not removed, and goes on asking', async () => {
  const dialog = await openDialog({ 'DELETE /servers/js-1': () => problem(409, 'a run is on it') });
  await userEvent.setup().click(dialog.getByRole('button', { name: 'Remove js-1' }));
  expect(await screen.findByText('js-1 was not removed')).toBeTruthy();
  expect(screen.getByText('a run is on it')).toBeTruthy();
  expect(screen.getByRole('dialog', { name: 'Remove js-1 from the fleet' })).toBeTruthy();
});
