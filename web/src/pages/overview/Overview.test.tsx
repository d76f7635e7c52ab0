import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { page, show, signedIn } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aRun, aServer, aVirtualServer } from '../../testing/samples';

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
