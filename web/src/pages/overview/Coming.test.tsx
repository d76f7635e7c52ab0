import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { page, problem, showLinked } from '../../testing/console';
import { Coming } from './Coming';

const occurrence = (fields: object) => ({
  timezone: 'Asia/Tokyo',
  due_at: new Date(Date.now() + 65_000).toISOString(),
  scheduled_for: new Date().toISOString(),
  task: 'load orders',
  plan: null,
  trigger: 'nightly',
  ...fields,
});

it('says what comes next, in how long, and leads to the task or plan', async () => {
  showLinked(<Coming />, {
    'GET /forecast': () =>
      page(occurrence({}), occurrence({ task: null, plan: 'month-end', trigger: 'monthly' })),
  });
  const [first, second] = within(await screen.findByRole('table', { name: 'Next occurrences' })).getAllByRole(
    'row',
  ) as [HTMLElement, HTMLElement];
  expect(within(first).getByText(/^in 1 m/)).toBeTruthy();
  expect(within(first).getByRole('link').getAttribute('href')).toBe('/tasks/load%20orders');
  expect(first.querySelector('time')?.title).toMatch(/UTC\n.*\(Asia\/Tokyo\)$/);
  expect(within(second).getByRole('link').getAttribute('href')).toBe('/plans/month-end');
  expect(within(second).getByText('monthly')).toBeTruthy();
});

it('says that nothing starts by itself', async () => {
  showLinked(<Coming />, { 'GET /forecast': () => page() });
  expect(await screen.findByText(/^No trigger is set/)).toBeTruthy();
});

it('says that it could not be read', async () => {
  showLinked(<Coming />, { 'GET /forecast': () => problem(403, 'not allowed') });
  expect(await screen.findByText('What comes next could not be read')).toBeTruthy();
});
