import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { page, problem, showLinked } from '../../testing/console';
import { WhatIfTable } from './WhatIfTable';

const fate = (fields: object) => ({
  run: 'R1',
  task: 'load',
  attempt: 1,
  action: 'recover',
  after: '2m',
  checkpoint: { name: 'cp3' },
  server: 'js-2',
  reason: 'the policy is recover',
  ...fields,
});

it('says what would become of each run, why, and leads to it', async () => {
  showLinked(<WhatIfTable server="js-1" />, {
    'GET /servers/js-1/what-if': () =>
      page(
        fate({}),
        fate({
          run: 'R2',
          action: 'wait',
          after: null,
          checkpoint: null,
          server: null,
          reason: 'it may wait',
        }),
      ),
  });
  const [, first, second] = within(await screen.findByRole('table', { name: 'If it died now' })).getAllByRole(
    'row',
  ) as [HTMLElement, HTMLElement, HTMLElement];
  expect(within(first).getByText('recover on js-2 from cp3, after 2 m 0 s')).toBeTruthy();
  expect(within(first).getByText('the policy is recover')).toBeTruthy();
  expect(within(first).getByRole('link').getAttribute('href')).toBe('/runs/R1');
  expect(within(second).getByText('wait')).toBeTruthy();
});

it('says that nothing would happen, or that it is not known', async () => {
  const { unmount } = showLinked(<WhatIfTable server="js-1" />, {
    'GET /servers/js-1/what-if': () => page(),
  });
  expect(await screen.findByText(/^Nothing runs there/)).toBeTruthy();
  unmount();
  showLinked(<WhatIfTable server="js-1" />, {
    'GET /servers/js-1/what-if': () => problem(403, 'not allowed'),
  });
  expect(await screen.findByText('What would happen could not be read')).toBeTruthy();
});
