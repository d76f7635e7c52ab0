import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { planOf } from '../../data/plans';
import { json, nothing, page, problem, showLinked } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aPlan, aTrigger } from '../../testing/samples';
import { RemovePlan } from './RemovePlan';

const user = userEvent.setup();
const wire = aPlan({ description: 'each night' });

function ask(answers: Answers) {
  const close = vi.fn();
  showLinked(<RemovePlan plan={planOf(wire)} close={close} />, {
    'GET /plans/nightly/triggers': () => page(),
    ...answers,
  });
  return close;
}

it('names the triggers that go with a plan before it is removed, and says why it stays', async () => {
  let removed = 0;
  ask({
    'GET /plans/nightly/triggers': () => page(aTrigger({ name: 'at-two' }), aTrigger({ name: 'hourly' })),
    'DELETE /plans/nightly': () => {
      removed++;
      return problem(409, '1 of its runs have not ended');
    },
  });
  expect(await screen.findByText(/Its triggers at-two, hourly go with it/)).toBeTruthy();
  expect(removed).toBe(0);
  await user.click(screen.getByRole('button', { name: 'Remove' }));
  expect(await screen.findByText('1 of its runs have not ended')).toBeTruthy();
  expect(removed).toBe(1);
});

it('says that no trigger goes, and keeps the plan where one says so', async () => {
  const close = ask({});
  expect(await screen.findByText(/It has no triggers/)).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Keep it' }));
  expect(close).toHaveBeenCalledTimes(1);
});

it('makes a removed plan again upon Undo, as it was', async () => {
  const made: unknown[] = [];
  ask({
    'DELETE /plans/nightly': nothing,
    'POST /plans': ({ body }) => {
      made.push(body);
      return json(wire, 201);
    },
  });
  await user.click(await screen.findByRole('button', { name: 'Remove' }));
  expect(await screen.findByText('nightly is removed')).toBeTruthy();
  await waitFor(() => expect(window.location.pathname).toBe('/plans'));
  await user.click(screen.getByRole('button', { name: 'Undo' }));
  await waitFor(() => expect(made).toHaveLength(1));
  expect(made[0]).toMatchObject({ name: 'nightly', description: 'each night', nodes: wire.nodes });
});
