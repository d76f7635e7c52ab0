import { screen, waitFor } from '@testing-library/react';
import { expect, it } from 'vitest';

import { serverOf } from '../data/servers';
import type { Server } from '../data/servers';
import { page, problem, showPart } from '../testing/console';
import { aServer } from '../testing/samples';
import { newest, percent, Trend } from './Trend';

const at = Date.parse('2026-01-31T09:05:00Z');
const seen = (more: object) => ({ at, cpu: 0, memory: 0, disk: 0, runs: 0, ...more });
const withTrend = (...trend: object[]): Server => ({ ...serverOf(aServer()), trend: trend.map(seen) });

const heights = () =>
  (document.querySelector('polyline')?.getAttribute('points') ?? '')
    .split(' ')
    .map((point) => Number(point.split(',')[1]));

it('draws what was before the console was opened ahead of what it saw', async () => {
  showPart(<Trend server={withTrend({ cpu: 1 })} of="cpu" />, {
    'GET /servers/js-1/load': () =>
      page({ at: '2026-01-31T09:04:55Z', cpu: 0, memory: 0.5, disk: 0.5, running: 2 }),
  });
  await waitFor(() => expect(heights()).toEqual([19, 1]));
  expect(screen.getByRole('img', { name: 'CPU of js-1: 25 %' })).toBeTruthy();
});

it('measures runs by the slots of the server', () => {
  showPart(<Trend server={withTrend({ runs: 0 }, { at: at + 1, runs: 2 })} of="runs" />);
  expect(heights()).toEqual([19, 10]);
  expect(screen.getByRole('img', { name: 'slots of js-1: 1/4' })).toBeTruthy();
});

it('draws what it saw although what was before cannot be read', async () => {
  showPart(<Trend server={withTrend({ memory: 1 }, { at: at + 1, memory: 0 })} of="memory" />, {
    'GET /servers/js-1/load': () => problem(503, 'busy'),
  });
  await waitFor(() => expect(fetch).toHaveBeenCalled());
  expect(heights()).toEqual([1, 19]);
});

it('says a dash for a measure that no sample has told yet', () => {
  expect(newest(serverOf(aServer({ load: null })), 'disk')).toBe('–');
  expect(percent(0.996)).toBe('100 %');
});
