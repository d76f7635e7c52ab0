import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, problem, show, signedIn } from '../../testing/console';
import { aRun } from '../../testing/samples';

const checkpoint = (sequence: number) => ({
  sequence,
  attempt: 1,
  name: `part-${sequence}`,
  label: '',
  instructions: sequence === 2 ? 'Empty the staging table first.' : '',
  step: 0,
  size: 10,
  sha256: 'x',
  created_at: '2026-01-31T09:05:00Z',
});

const failed = (id: string, checkpoints: unknown[] = []) => ({
  run: aRun({ id, state: 'failed', reason: 'exit code 3', ended_at: '2026-01-31T09:06:00Z' }),
  checkpoints,
});

it('recovers many at once, each from its own place, and tells those that could not be', async () => {
  const sent: string[] = [];
  show('/recovery', {
    ...signedIn,
    'GET /recoverable-runs': () => page(failed('02', [checkpoint(1), checkpoint(2)]), failed('01')),
    'POST /runs/02/recover': ({ body }) => {
      sent.push(`02 ${JSON.stringify(body)}`);
      return json(aRun({ id: '02' }));
    },
    'POST /runs/01/restart': () => {
      sent.push('01 restart');
      return problem(409, 'it runs already');
    },
  });
  const user = userEvent.setup();
  expect(await screen.findByText('Empty the staging table first.')).toBeTruthy();
  await user.click(screen.getByRole('checkbox', { name: 'All 2 shown' }));
  await user.click(screen.getByRole('button', { name: 'Recover these 2' }));
  await waitFor(() => expect(sent).toEqual(['02 {"checkpoint":2}', '01 restart']));
  const alert = await screen.findByText('Not all could be recovered');
  expect(within(alert.closest('[role=alert]') as HTMLElement).getByText(/01: it runs already/)).toBeTruthy();
});

it('says that there is nothing to recover', async () => {
  show('/recovery', signedIn);
  expect(await screen.findByText(/There is nothing to recover/)).toBeTruthy();
});
