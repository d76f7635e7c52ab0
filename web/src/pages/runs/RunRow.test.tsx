import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { runOf } from '../../data/runs';
import type { WireRun } from '../../data/wire';
import { showLinked } from '../../testing/console';
import { aRun } from '../../testing/samples';
import { RunRow, sameToSee } from './RunRow';

const run = (fields: Partial<WireRun> = {}) => runOf(aRun(fields));

function showRow(fields: Partial<WireRun>) {
  showLinked(
    <table>
      <tbody>
        <RunRow run={run(fields)} />
      </tbody>
    </table>,
  );
  return screen.findByRole('row');
}

it('shows the progress of what runs, and the reason of what is over', async () => {
  const progress = { percent: 41.6, message: 'loading orders' } as WireRun['progress'];
  const row = await showRow({ progress, reason: 'chosen', attempt: 2 });
  expect(row.textContent).toContain('42 % loading orders');
  expect(row.textContent).toContain('attempt 2');
  expect(row.textContent).not.toContain('chosen');
});

it('shows the reason of what is over', async () => {
  const progress = { percent: 41.6, message: 'loading orders' } as WireRun['progress'];
  const ended_at = '2026-01-31T09:06:00Z';
  const row = await showRow({ state: 'failed', progress, ended_at, reason: 'exit code 3', server: null });
  expect(row.textContent).toContain('exit code 3');
  expect(row.textContent).not.toContain('42 %');
  expect(screen.getByRole('link', { name: 'load-orders' }).getAttribute('href')).toBe('/runs/01J9');
});

it.each([
  { state: 'failed' },
  { reason: 'other' },
  { server: 'js-2' },
  { attempt: 2 },
  { ended_at: '2026-01-31T09:06:00Z' },
  { progress: { percent: 1, message: '' } },
] as Partial<WireRun>[])('is drawn anew where %o has changed', (fields) => {
  expect(sameToSee(run(), run(fields))).toBe(false);
});

it('is not drawn anew where nothing that it shows has changed', () => {
  expect(sameToSee(run(), run({ params: { a: 'b' }, tries: 3 }))).toBe(true);
});

it('says of what is no longer as asked for only what stays true', async () => {
  showLinked(
    <table>
      <tbody>
        <RunRow run={run({ reason: 'chosen' })} gone />
      </tbody>
    </table>,
  );
  const row = await screen.findByRole('row');
  expect(row.textContent).toContain('It is no longer as you ask.');
  for (const then of ['running', 'chosen', 'so far']) expect(row.textContent).not.toContain(then);
});
