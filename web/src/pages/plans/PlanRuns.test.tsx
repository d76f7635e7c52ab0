import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, problem, showLinked } from '../../testing/console';
import { aPlanRun } from '../../testing/samples';
import { PlanRuns } from './PlanRuns';

it('shows each run with its state, who asked for it and how far it came, and leads to it', async () => {
  const asked: (string | null)[] = [];
  showLinked(<PlanRuns plan="nightly" />, {
    'GET /plan-runs': ({ url }) => {
      asked.push(url.searchParams.get('plan'));
      return page(
        aPlanRun({
          state: 'failed',
          reason: 'report failed',
          counts: { succeeded: 2, failed: 1 },
          ended_at: null,
        }),
      );
    },
  });
  const row = within(await screen.findByRole('row'));
  expect(row.getByRole('link', { name: '01JP' }).getAttribute('href')).toBe('/plans/nightly/runs/01JP');
  for (const text of ['failed', 'report failed', '3 of 3 nodes']) expect(row.getByText(text)).toBeTruthy();
  expect(row.getByText(/admin/)).toBeTruthy();
  expect(asked).toEqual(['nightly']);
});

it('reads older ones a page at a time', async () => {
  showLinked(<PlanRuns plan="nightly" />, {
    'GET /plan-runs': ({ url }) =>
      url.searchParams.has('cursor')
        ? page(aPlanRun({ id: '01OLD' }))
        : json({ items: [aPlanRun()], next_cursor: 'older' }),
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Show more runs' }));
  expect(await screen.findByRole('link', { name: '01OLD' })).toBeTruthy();
  expect(screen.getByRole('link', { name: '01JP' })).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Show more runs' })).toBeNull();
});

it('says that it has not run yet, and why the runs could not be read', async () => {
  const { unmount } = showLinked(<PlanRuns plan="nightly" />, { 'GET /plan-runs': () => page() });
  expect(await screen.findByText('It has not run yet.')).toBeTruthy();
  unmount();
  showLinked(<PlanRuns plan="nightly" />, { 'GET /plan-runs': () => problem(400, 'the cursor is bad') });
  expect(await screen.findByText('the cursor is bad')).toBeTruthy();
});
