import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { serverOf } from '../../data/servers';
import { page, showLinked } from '../../testing/console';
import { aServer } from '../../testing/samples';
import { ServerTable } from './ServerTable';

it('has a row for each server with its state, why, rating, load, version and what can be done', async () => {
  const servers = [
    serverOf(aServer({ description: 'the big one', labels: { disk: 'fast' } })),
    serverOf(aServer({ name: 'js-2', status: 'disabled', reason: 'sold', agent_version: '', load: null })),
  ];
  showLinked(<ServerTable servers={servers} />, {
    'GET /servers/js-1/load': () => page(),
    'GET /servers/js-2/load': () => page(),
  });
  const [, first, second] = within(await screen.findByRole('table', { name: 'Job servers' })).getAllByRole(
    'row',
  ) as [HTMLElement, HTMLElement, HTMLElement];
  const cells = within(first);
  expect(cells.getByRole('link', { name: 'js-1' }).getAttribute('href')).toBe('/servers/js-1');
  for (const text of ['the big one', 'disk=fast', 'online', '96.0', '25 %', '40 %', '50 %', '1/4', '1.0.0']) {
    expect(cells.getByText(text)).toBeTruthy();
  }
  expect(cells.getByRole('button', { name: 'What to do with js-1' })).toBeTruthy();
  expect(within(second).getByText('sold')).toBeTruthy();
  expect(within(second).getAllByText('–').length).toBeGreaterThanOrEqual(4);
});
