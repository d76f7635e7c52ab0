import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { page, problem, showLinked } from '../../testing/console';
import { aRun } from '../../testing/samples';
import { RunsOnServer } from './RunsOnServer';

it('lists what is on the server now, for how long and how far it is', async () => {
  let asked = new URLSearchParams();
  showLinked(<RunsOnServer server="js-1" />, {
    'GET /runs': ({ url }) => {
      asked = url.searchParams;
      return page(
        aRun({
          id: 'R1',
          started_at: new Date(Date.now() - 125_000).toISOString(),
          progress: { percent: 41.6, message: 'loading', at: '2026-01-31T09:05:00Z' } as never,
        }),
        aRun({ id: 'R2', state: 'starting' }),
      );
    },
  });
  const [, first, second] = within(
    await screen.findByRole('table', { name: 'What runs there' }),
  ).getAllByRole('row') as [HTMLElement, HTMLElement, HTMLElement];
  expect(within(first).getByText('42 % loading')).toBeTruthy();
  expect(within(first).getByText(/^2 m /)).toBeTruthy();
  expect(within(first).getByRole('link').getAttribute('href')).toBe('/runs/R1');
  expect(within(second).getByText('starting')).toBeTruthy();
  expect(asked.get('server')).toBe('js-1');
  expect(asked.get('state')).toBe('starting,running,unknown,stopping');
});

it('says that nothing runs there, or that it is not known', async () => {
  const { unmount } = showLinked(<RunsOnServer server="js-1" />, { 'GET /runs': () => page() });
  expect(await screen.findByText('Nothing runs there.')).toBeTruthy();
  unmount();
  showLinked(<RunsOnServer server="js-1" />, { 'GET /runs': () => problem(403, 'not allowed') });
  expect(await screen.findByText('The runs could not be read')).toBeTruthy();
});
