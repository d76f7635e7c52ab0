import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { page, show, signedIn } from '../../testing/console';
import { aRun, aServer, aVirtualServer } from '../../testing/samples';

const readyToRun = {
  ...signedIn,
  'GET /servers': () => page(aServer()),
  'GET /virtual-servers': () => page(aVirtualServer()),
  'GET /tasks': () => page({ name: 'load orders' }),
};

it('begins with adding a server, which it asks about at once', async () => {
  show('/', signedIn);
  await userEvent.setup().click(await screen.findByRole('button', { name: 'Add a server' }));
  expect(await screen.findByRole('dialog', { name: 'Add a server' })).toBeTruthy();
});

it('does not take a group without members for a group', async () => {
  show('/', { ...readyToRun, 'GET /virtual-servers': () => page(aVirtualServer({ members: [] })) });
  const step = (await screen.findByText('Make a group')).closest('li');
  expect(step?.getAttribute('aria-current')).toBe('step');
});

it('leads to the task that is there when only running it is left', async () => {
  show('/', readyToRun);
  const run = await screen.findByRole('link', { name: 'Run a task' });
  expect(run.getAttribute('href')).toBe('/tasks/load%20orders');
  expect(screen.getAllByRole('img', { name: 'done' })).toHaveLength(3);
});

it('is gone once something has run', async () => {
  show('/', {
    ...readyToRun,
    'GET /runs': ({ url }) => (url.searchParams.has('state') ? page() : page(aRun())),
  });
  expect(await screen.findByRole('table', { name: 'Newest runs' })).toBeTruthy();
  expect(await screen.findByRole('heading', { name: 'Fleet' })).toBeTruthy();
  expect(screen.queryByRole('heading', { name: 'Begin here' })).toBeNull();
});
