import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { page, problem, show, signedIn } from '../../testing/console';
import { aPlan, aPlanRun } from '../../testing/samples';

const failed = aPlanRun({ state: 'failed', ended_at: '2026-01-31T09:06:00Z' });

it('says what a plan is where there is none', async () => {
  show('/plans', { ...signedIn, 'GET /plans': () => page() });
  expect(await screen.findByText(/There is no plan yet/)).toBeTruthy();
});

it('says why it could not be read', async () => {
  show('/plans', { ...signedIn, 'GET /plans': () => problem(400, 'the cursor is bad') });
  expect(await screen.findByText('the cursor is bad')).toBeTruthy();
});

it('shows each plan with the state of its last run, which it leads to', async () => {
  show('/plans', {
    ...signedIn,
    'GET /plans': () => page(aPlan(), aPlan({ name: 'weekly' })),
    'GET /plan-runs': ({ url }) => (url.searchParams.get('plan') === 'nightly' ? page(failed) : page()),
  });
  const last = await screen.findByRole('link', { name: 'Last run of nightly: failed' });
  expect(last.getAttribute('href')).toBe(`/plans/nightly/runs/${failed.id}`);
  expect(await screen.findByText('never')).toBeTruthy();
});
