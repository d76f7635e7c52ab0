import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { runOf } from '../../data/runs';
import type { WireRun } from '../../data/wire';
import { json, showLinked } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aPlanRun, aRun } from '../../testing/samples';
import { CauseOf } from './CauseOf';

function showCause(cause: WireRun['cause'], answers: Answers = {}) {
  return showLinked(
    <div data-testid="cause">
      <CauseOf run={runOf(aRun({ cause }))} />
    </div>,
    answers,
  );
}

const link = async () => (await screen.findByRole('link')).getAttribute('href');

it('leads to the trigger that was due', async () => {
  showCause({ kind: 'trigger', by: 'nightly' });
  expect(await link()).toBe('/tasks/load-orders?part=triggers');
});

it('leads to the run whose end it was', async () => {
  showCause({ kind: 'chain', by: 'extract 01JX' });
  expect(await link()).toBe('/runs/01JX');
  expect(screen.getByTestId('cause').textContent).toBe('the end of extract');
});

it('leads to the run of the plan, and names the node before that is known', async () => {
  showCause(
    { kind: 'plan', by: '01JP/report' },
    { 'GET /plan-runs/01JP': () => json({ ...aPlanRun(), nodes: [] }) },
  );
  expect(await link()).toBe('/plans/nightly/runs/01JP');
  expect(screen.getByTestId('cause').textContent).toBe('plan nightly, report');
});

it('says who asked for it by hand', async () => {
  showCause({ kind: 'manual', by: 'admin' });
  expect(await screen.findByText('manual by admin')).toBeTruthy();
  expect(screen.queryByRole('link')).toBeNull();
});
