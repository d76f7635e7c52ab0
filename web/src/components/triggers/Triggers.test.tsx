import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, show, signedIn } from '../../testing/console';
import { aPlan, aTrigger } from '../../testing/samples';

const ofPlan = {
  ...signedIn,
  'GET /plans/nightly': () => json(aPlan()),
  'GET /plans/nightly/triggers': () =>
    page(
      aTrigger({
        name: 'at-two',
        plan: 'nightly',
        task: null,
        cron: '0 2 * * *',
        timezone: 'Europe/Paris',
        last: {
          decided_at: '2026-01-31T01:00:00Z',
          event: null,
          plan: 'nightly',
          reason: '',
          run: '01JP',
          scheduled_for: '2026-01-31T01:00:00Z',
          task: null,
          trigger: 'at-two',
        },
      }),
    ),
};

it('shows the triggers of a plan in words, each with the plan run that it asked for last', async () => {
  show('/plans/nightly?part=triggers', ofPlan);
  const list = await screen.findByRole('list', { name: 'Triggers' });
  expect(within(list).getByText('at 02:00 (Europe/Paris)')).toBeTruthy();
  expect(within(list).getByRole('link').getAttribute('href')).toBe('/plans/nightly/runs/01JP');
});

it('gives a plan a trigger, with its next times as the conductor tells them for the plan', async () => {
  const sent: unknown[] = [];
  show('/plans/nightly?part=triggers', {
    ...ofPlan,
    'POST /triggers/preview': ({ url }) =>
      url.searchParams.get('plan') === 'nightly'
        ? page({ scheduled_for: '2026-02-01T01:00:00Z', local: '2026-02-01 02:00', due: true, note: '' })
        : page(),
    'POST /plans/nightly/triggers': ({ body }) => {
      sent.push(body);
      return json(aTrigger({ name: 'late', plan: 'nightly', task: null, every: '1h' }), 201);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Add a trigger…' }));
  const form = await screen.findByRole('dialog', { name: 'A trigger for nightly' });
  await within(form).findByText('2026-02-01 02:00');
  await user.type(within(form).getByLabelText(/Name/), 'late');
  await user.click(within(form).getByText('every so often'));
  await user.click(within(form).getByRole('button', { name: 'Add the trigger' }));
  await waitFor(() => expect(sent).toEqual([expect.objectContaining({ name: 'late', every: '10m' })]));
});
