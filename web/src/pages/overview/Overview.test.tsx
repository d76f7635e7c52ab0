import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { json, page, problem, show, signedIn } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aRun, aServer, aSummary, aVirtualServer } from '../../testing/samples';

it('leads a fresh conductor by the hand', async () => {
  show('/', { ...signedIn, 'GET /servers': () => page(aServer({ virtual_servers: [] })) });
  const steps = within(await screen.findByRole('list', { name: '' })).getAllByRole('listitem');
  expect(steps.map((step) => step.textContent)).toEqual([
    expect.stringContaining('Join a server'),
    expect.stringContaining('Make a group'),
    expect.stringContaining('Make a task'),
    expect.stringContaining('Run it'),
  ]);
  expect(within(steps[0] as HTMLElement).getByRole('img', { name: 'done' })).toBeTruthy();
  expect(steps[1]?.getAttribute('aria-current')).toBe('step');
});

const working: Answers = {
  ...signedIn,
  'GET /servers': () =>
    page(
      aServer({ slots_used: 3 }),
      aServer({ name: 'js-2', status: 'unavailable' }),
      aServer({ name: 'js-3', virtual_servers: [] }),
    ),
  'GET /virtual-servers': () => page(aVirtualServer({ members: ['js-1', 'js-2'] })),
  'GET /tasks': () => page({ name: 'load-orders' }),
  'GET /runs': ({ url }) => {
    const states = url.searchParams.get('state') ?? '';
    return states.includes('failed')
      ? page(aRun({ id: 'F', state: 'failed', reason: 'exit code 3' }))
      : page(...(states === '' ? [aRun({ id: 'R', state: 'running' })] : []));
  },
  'GET /forecast': () =>
    page({
      due_at: new Date(Date.now() + 65_000).toISOString(),
      scheduled_for: new Date().toISOString(),
      task: 'load-orders',
      plan: null,
      trigger: 'nightly',
    }),
};

it('tells what is wrong first, servers before runs', async () => {
  show('/', working);
  await screen.findByRole('heading', { name: 'Needs attention' });
  const rows = within(document.getElementById('attention') as HTMLElement).getAllByRole('listitem');
  expect(rows[0]?.textContent).toContain('js-2');
  expect(rows[1]?.textContent).toContain('exit code 3');
  expect(screen.queryByRole('heading', { name: 'Begin here' })).toBeNull();
});

it('says so where it cannot be told what is wrong', async () => {
  show('/', { ...working, 'GET /summary': () => problem(403, 'not for you') });
  expect(await screen.findByText('What needs attention could not be read')).toBeTruthy();
  expect(screen.queryByText('Nothing needs attention.')).toBeNull();
});

it('maps the fleet by group, with what is in none', async () => {
  show('/', working);
  const group = await screen.findByRole('region', { name: 'etl' });
  expect(within(group).getByRole('link', { name: 'js-1: online, 3 of 4 slots, CPU 25 %' })).toBeTruthy();
  expect(within(group).getByRole('link', { name: /js-2: unavailable/ })).toBeTruthy();
  expect(
    within(screen.getByRole('region', { name: 'In no group' })).getByRole('link', { name: /js-3/ }),
  ).toBeTruthy();
});

it('shows what ran last and what comes next', async () => {
  show('/', working);
  const runs = await screen.findByRole('table', { name: 'Newest runs' });
  expect(within(runs).getByText('running')).toBeTruthy();
  const next = await screen.findByRole('table', { name: 'Next occurrences' });
  expect(within(next).getByText('nightly')).toBeTruthy();
  expect(within(next).getByText(/in 1 m/)).toBeTruthy();
});

it('says how much there is in true numbers, however little was read, and names what is paused', async () => {
  const minute = { at: new Date().toISOString(), succeeded: 5_000, unsuccessful: 200, open: 34 };
  const oldest = new Date(Date.now() - 3_600_000).toISOString();
  const counts = { failed: 1_234, wait_long: 700, paused_triggers: 1, oldest_queued_at: oldest };
  const open_runs = { queued: 2_500, starting: 0, running: 0, unknown: 0, stopping: 0 };
  const held = { level: 'trigger', task: null, plan: null, by: 'ops', reason: 'the move', at: oldest };
  show('/', {
    ...working,
    'GET /summary': () => json(aSummary({ ...counts, open_runs, minutes: [minute] })),
    'GET /triggers': () => page({ name: 'nightly', task: 'load-orders', plan: null, pause: held }),
  });
  const failed = await screen.findByRole('link', { name: '1,234 failed today' });
  expect(failed.getAttribute('href')).toContain('/runs?state=failed');
  expect(screen.getAllByRole('link', { name: '700 waiting for long' })).not.toHaveLength(0);
  expect(screen.getByRole('link', { name: '1,233 failed today' })).toBeTruthy();
  expect(
    await screen.findByText('The trigger nightly of load-orders is paused by ops: the move'),
  ).toBeTruthy();
  expect(screen.getByText('5,234 in the last 1 minutes')).toBeTruthy();
  expect(screen.getByRole('link', { name: /Waiting.*2,500.*the oldest for 1 h/ })).toBeTruthy();
  expect(screen.getByRole('link', { name: '1,936 things need attention' })).toBeTruthy();
});
