import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { runOf } from '../../data/runs';
import type { WireRun } from '../../data/wire';
import { json, showPart } from '../../testing/console';
import { aRun } from '../../testing/samples';
import { Checkpoints } from './Checkpoints';

const checkpoint = (sequence: number, fields: object = {}) => ({
  sequence,
  attempt: 1,
  name: `part ${sequence}`,
  label: '',
  instructions: '',
  step: 0,
  size: 2048,
  sha256: 'x',
  created_at: '2026-01-31T09:05:10Z',
  ...fields,
});

const run = (fields: Partial<WireRun> = {}) =>
  runOf(
    aRun({
      state: 'failed',
      checkpoints: [checkpoint(1), checkpoint(2, { label: 'month end', instructions: 'Mail the owner.' })],
      ...fields,
    }),
  );

const rows = () =>
  within(screen.getByRole('table', { name: 'Checkpoints' }))
    .getAllByRole('row')
    .slice(1);

it('lists the newest first with label and instructions, and each can be downloaded', () => {
  showPart(<Checkpoints run={run()} />);
  const [newest, oldest] = rows() as [HTMLElement, HTMLElement];
  expect(within(newest).getByText('part 2')).toBeTruthy();
  expect(within(newest).getByText('kept: month end')).toBeTruthy();
  expect(within(newest).getByText('Mail the owner.')).toBeTruthy();
  expect(within(oldest).getByRole('link', { name: 'Download checkpoint 1' }).getAttribute('href')).toBe(
    '/api/v1/runs/01J9/checkpoints/1/content',
  );
});

it('recovers from the one that was chosen', async () => {
  let asked: unknown;
  showPart(<Checkpoints run={run()} />, {
    'POST /runs/01J9/recover': ({ body }) => {
      asked = body;
      return json(aRun());
    },
  });
  await userEvent.click(screen.getByRole('button', { name: 'Recover from checkpoint 1' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Recover' }));
  await expect.poll(() => asked).toEqual({ checkpoint: 1 });
});

it('offers none of a run that went well, and says how there would be any', () => {
  const { unmount } = showPart(<Checkpoints run={run({ state: 'succeeded' })} />);
  expect(screen.queryByRole('button', { name: /Recover/ })).toBeNull();
  unmount();
  showPart(<Checkpoints run={run({ checkpoints: [] })} />);
  expect(screen.getByText(/^It has no checkpoint yet/)).toBeTruthy();
});
