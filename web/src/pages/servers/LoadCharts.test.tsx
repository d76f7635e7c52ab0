import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { serverOf } from '../../data/servers';
import { page, problem, showPart } from '../../testing/console';
import { aServer } from '../../testing/samples';
import LoadCharts from './LoadCharts';

const server = serverOf(aServer());
const point = {
  at: '2026-01-31T09:05:00Z',
  cpu: 0.5,
  memory: 0.4,
  disk: 0.3,
  running: 2,
  load1: 1,
  own_cpu: 1,
};

it('has a chart each for CPU, memory, disk and runs', async () => {
  showPart(<LoadCharts server={server} minutes={60} />, { 'GET /servers/js-1/load': () => page(point) });
  for (const what of ['CPU of', 'Memory of', 'Disk of', 'Runs on']) {
    expect(await screen.findByRole('img', { name: `${what} js-1 over time` })).toBeTruthy();
  }
  expect(screen.getByText('Runs, of 4 slots')).toBeTruthy();
});

it('says that nothing was measured, or that it could not be read', async () => {
  const { unmount } = showPart(<LoadCharts server={server} minutes={60} />, {
    'GET /servers/js-1/load': () => page(),
  });
  expect(await screen.findByText('Nothing was measured in this period.')).toBeTruthy();
  unmount();
  showPart(<LoadCharts server={server} minutes={60} />, {
    'GET /servers/js-1/load': () => problem(403, 'not allowed'),
  });
  expect(await screen.findByText('The load could not be read')).toBeTruthy();
});
