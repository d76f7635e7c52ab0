import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, show, signedIn } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aPlanNode, aPlanRun } from '../../testing/samples';

const failed = aPlanRun({
  state: 'failed',
  reason: 'report failed',
  ended_at: '2026-01-31T09:06:00Z',
  params: { date: '2026-01-31' },
  counts: { succeeded: 1, failed: 1, skipped: 1 },
  nodes: [
    aPlanNode({
      name: 'extract',
      state: 'succeeded',
      run: '01RUN1',
      try: 1,
      started_at: '2026-01-31T09:05:00Z',
      ended_at: '2026-01-31T09:05:30Z',
    }),
    aPlanNode({
      name: 'report',
      state: 'failed',
      run: '01RUN2',
      try: 2,
      reason: 'its run ended with exit code 3',
    }),
    aPlanNode({ name: 'alarm', state: 'skipped', reason: 'no edge leads to it any more' }),
  ],
  edges: [
    { from: 'extract', to: 'report', on: 'ok', state: 'taken' },
    { from: 'extract', to: 'alarm', on: 'error', state: 'dropped' },
  ],
  groups: [],
});

function showRun(run = failed, more: Answers = {}) {
  return show(`/plans/nightly/runs/${run.id}`, {
    ...signedIn,
    [`GET /plan-runs/${run.id}`]: () => json(run),
    ...more,
  });
}

it('shows each node in the graph with its state, and in a table why, with a link to its run', async () => {
  showRun();
  const graph = await screen.findByRole('group', { name: 'Graph of nightly' });
  expect(graph.querySelector('[data-node=report] [data-state=failed]')).toBeTruthy();
  expect(graph.querySelector('[data-node=alarm] [data-state=skipped]')).toBeTruthy();
  expect(graph.querySelector('g[data-on=error][data-state=dropped]')).toBeTruthy();
  const row = within(screen.getByRole('table', { name: 'Nodes' })).getByRole('row', { name: /report/ });
  expect(within(row).getByText('its run ended with exit code 3')).toBeTruthy();
  expect(within(row).getByRole('link', { name: '01RUN2' }).getAttribute('href')).toBe('/runs/01RUN2');
  expect(within(row).getByText('try 2')).toBeTruthy();
});

it('offers to resume what failed and not to cancel it, and asks before', async () => {
  let resumed = 0;
  showRun(failed, {
    [`POST /plan-runs/${failed.id}/resume`]: () => {
      resumed++;
      return json(failed);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Resume…' }));
  expect(screen.queryByRole('button', { name: 'Cancel…' })).toBeNull();
  expect(resumed).toBe(0);
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Resume' }));
  await expect.poll(() => resumed).toBe(1);
});

it('says what it waits for, and may be cancelled as it waits', async () => {
  const reason = 'waits for another plan run: 1 of 1 running';
  showRun(aPlanRun({ state: 'waiting', reason, nodes: [aPlanNode({ name: 'extract' })] }));
  expect(await screen.findByText(reason)).toBeTruthy();
  const summary = within(screen.getByRole('region', { name: 'Summary' }));
  expect(summary.getByText('Requested')).toBeTruthy();
  expect(summary.getByText('Waits for')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Cancel…' })).toBeTruthy();
});

it('offers to cancel what runs, and shows what a node does', async () => {
  showRun(
    aPlanRun({
      nodes: [
        aPlanNode({
          name: 'extract',
          state: 'running',
          run: '01RUN1',
          started_at: '2026-01-31T09:05:00Z',
          live: {
            state: 'running',
            server: 'js-1',
            attempt: 1,
            reason: '',
            progress: { percent: 50, message: 'half of the rows' },
          },
        }),
      ],
    }),
  );
  expect(await screen.findByRole('button', { name: 'Cancel…' })).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Resume…' })).toBeNull();
  expect(screen.getByText('50 % half of the rows')).toBeTruthy();
  expect(screen.getByText('running on js-1')).toBeTruthy();
});
