import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { planOf } from '../../data/plans';
import { json, page, problem, show, showLinked, signedIn } from '../../testing/console';
import { aPlan, aPlanRun } from '../../testing/samples';
import { RunPlan } from './RunPlan';

const failed = aPlanRun({ state: 'failed', reason: 'report failed', nodes: [], edges: [], groups: [] });

it('runs a plan with the parameters that were changed', async () => {
  const sent: unknown[] = [];
  show('/plans', {
    ...signedIn,
    'GET /plans': () => page(aPlan({ params: { date: 'today', region: 'eu' } })),
    'GET /plan-runs': () => page(),
    'POST /plans/nightly/runs': ({ body }) => {
      sent.push(body);
      return json(failed, 201);
    },
    [`GET /plan-runs/${failed.id}`]: () => json(failed),
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Run nightly now' }));
  const date = await screen.findByLabelText('date');
  await user.clear(date);
  await user.type(date, '2026-01-31');
  await user.click(screen.getByRole('button', { name: 'Run now' }));
  await waitFor(() => expect(sent).toEqual([{ params: { date: '2026-01-31' } }]));
  expect(await screen.findByText('report failed')).toBeTruthy();
});

const plan = planOf(aPlan({ params: { date: 'today' } }));

it('says of a parameter that was changed what the plan says, and at it what is wrong', async () => {
  const errors = [{ field: 'params.date', reason: 'is too long' }];
  showLinked(<RunPlan plan={plan} close={vi.fn()} />, {
    'POST /plans/nightly/runs': () => json({ title: 'wrong', status: 422, detail: 'wrong', errors }, 422),
  });
  const user = userEvent.setup();
  const date = await screen.findByLabelText('date');
  expect(screen.queryByText('the plan says: today')).toBeNull();
  await user.type(date, '!');
  expect(screen.getByText('the plan says: today')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Run now' }));
  expect(await screen.findByText('is too long')).toBeTruthy();
  expect(screen.queryByText('It was refused')).toBeNull();
});

it('says why a plan without parameters was refused, and does nothing where one leaves it', async () => {
  const close = vi.fn();
  showLinked(<RunPlan plan={planOf(aPlan())} close={close} />, {
    'POST /plans/nightly/runs': () => problem(409, 'one of it runs already'),
  });
  const user = userEvent.setup();
  expect(await screen.findByText('This plan has no parameters.')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Run now' }));
  expect(await screen.findByText('one of it runs already')).toBeTruthy();
  expect(close).not.toHaveBeenCalled();
  await user.click(screen.getByRole('button', { name: 'Do nothing' }));
  expect(close).toHaveBeenCalledTimes(1);
});
