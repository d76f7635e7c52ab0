import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { page, showLinked } from '../../testing/console';
import { aServer, aVirtualServer } from '../../testing/samples';
import { FleetMap } from './FleetMap';

it('has a tile for each server in each of its groups, which says its load in words and leads to it', async () => {
  showLinked(<FleetMap />, {
    'GET /servers': () =>
      page(
        aServer({ slots_used: 3, virtual_servers: ['etl', 'reports'] }),
        aServer({ name: 'js-2', status: 'draining', load: null, virtual_servers: ['etl'] }),
      ),
    'GET /virtual-servers': () =>
      page(
        aVirtualServer({ members: ['js-1', 'js-2'] }),
        aVirtualServer({ name: 'reports', members: ['js-1'] }),
      ),
  });
  const etl = within(await screen.findByRole('region', { name: 'etl' }));
  const tile = etl.getByRole('link', { name: 'js-1: online, 3 of 4 slots, CPU 25 %' });
  expect(tile.textContent).toBe('3');
  expect(tile.getAttribute('href')).toBe('/servers/js-1');
  expect(tile.style.getPropertyValue('--load')).toBe('11%');
  const draining = etl.getByRole('link', { name: 'js-2: draining, 1 of 4 slots, CPU –' });
  expect(draining.textContent).toBe('');
  expect(draining.querySelector('svg')).toBeTruthy();
  expect(etl.getByRole('link', { name: 'etl' }).getAttribute('href')).toBe('/virtual-servers?show=etl');
  expect(
    within(screen.getByRole('region', { name: 'reports' })).getByRole('link', { name: /^js-1/ }),
  ).toBeTruthy();
  expect(screen.queryByRole('region', { name: 'In no group' })).toBeNull();
});

it('shows groups without members, and members of none', async () => {
  showLinked(<FleetMap />, {
    'GET /servers': () => page(aServer({ virtual_servers: [] })),
    'GET /virtual-servers': () => page(aVirtualServer({ members: [] })),
  });
  expect(
    within(await screen.findByRole('region', { name: 'In no group' })).getByRole('link', { name: /^js-1/ }),
  ).toBeTruthy();
  expect(
    await within(await screen.findByRole('region', { name: 'etl' })).findByText('no members'),
  ).toBeTruthy();
});
