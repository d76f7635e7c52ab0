import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { planRunOf } from '../../data/plans';
import type { WirePlanRun } from '../../data/wire';
import { json, problem, showPart } from '../../testing/console';
import { aPlanRun } from '../../testing/samples';
import { PlanRunActions } from './PlanRunActions';

const user = userEvent.setup();
const runIn = (state: WirePlanRun['state']) => planRunOf(aPlanRun({ state }));

it.each([
  ['running', ['Cancel…']],
  ['waiting', ['Cancel…']],
  ['failed', ['Resume…']],
  ['cancelled', ['Resume…']],
  ['succeeded', []],
] as const)('offers for a plan run that is %s: %j', (state, offered) => {
  showPart(<PlanRunActions run={runIn(state)} />);
  expect(screen.queryAllByRole('button').map((button) => button.textContent)).toEqual(offered);
});

it('cancels after a word, and not without it', async () => {
  let cancelled = 0;
  const run = runIn('running');
  showPart(<PlanRunActions run={run} />, {
    'POST /plan-runs/01JP/cancel': () => {
      cancelled++;
      return json(aPlanRun({ state: 'cancelled' }));
    },
  });
  const ask = async () => {
    await user.click(screen.getByRole('button', { name: 'Cancel…' }));
    return within(await screen.findByRole('dialog', { name: 'Cancel plan run: nightly' }));
  };
  await user.click((await ask()).getByRole('button', { name: 'Leave it running' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(cancelled).toBe(0);
  await user.click((await ask()).getByRole('button', { name: 'Cancel plan run' }));
  expect(await screen.findByText('nightly is cancelled')).toBeTruthy();
  expect(cancelled).toBe(1);
});

it('says why it could not be resumed, and goes on asking', async () => {
  showPart(<PlanRunActions run={runIn('failed')} />, {
    'POST /plan-runs/01JP/resume': () => problem(409, 'it has been resumed already'),
  });
  await user.click(screen.getByRole('button', { name: 'Resume…' }));
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Resume' }));
  expect(await screen.findByText('it has been resumed already')).toBeTruthy();
  expect(screen.getByRole('dialog')).toBeTruthy();
});
