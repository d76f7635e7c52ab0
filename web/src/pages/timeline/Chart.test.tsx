import { fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it, vi } from 'vitest';

import { showLinked } from '../../testing/console';
import { Chart } from './Chart';
import { layOut } from './layout';
import type { Bar, LaneBy } from './layout';
import type { Stretch } from './useStretch';

const nine = Date.parse('2026-01-31T09:00:00Z');
const minute = 60_000;
const now = nine + 60 * minute;

const bar = (run: string, fields: Partial<Bar> = {}): Bar => ({
  id: `${run} 1`,
  run,
  attempt: 1,
  task: 'load',
  server: 'js-1',
  state: 'succeeded',
  from: nine + 5 * minute,
  to: nine + 15 * minute,
  ...fields,
});

// jsdom has no canvas to draw on. What is drawn is seen in a browser; here is what the chart says and does.
beforeEach(() => {
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
  return () => vi.restoreAllMocks();
});

async function showChart(bars: Bar[], by: LaneBy = 'server') {
  const stretch: Stretch = {
    from: nine,
    to: now,
    read: { from: nine, to: now },
    follows: false,
    length: '',
    setLength: vi.fn(),
    show: vi.fn(),
    move: vi.fn(),
    zoomBy: vi.fn(),
    toNow: vi.fn(),
  };
  showLinked(<Chart layout={layOut(bars, by, now)} by={by} stretch={stretch} now={now} />);
  const room = await screen.findByRole('application', { name: /^Bars of the timeline/ });
  room.focus();
  return { room, stretch };
}

const lanes = () => [...document.querySelectorAll('[title]')].map((lane) => lane.textContent);

it('names each lane beside its bars, with how many there are', async () => {
  await showChart([bar('01A'), bar('01B', { from: nine + 20 * minute }), bar('01C', { server: 'js-2' })]);
  expect(lanes()).toEqual(['js-12', 'js-21']);
});

it('calls the lane of what has no server yet what is to come', async () => {
  await showChart([bar('x', { run: null, server: '', state: 'forecast', zone: 'Asia/Tokyo' })]);
  expect(lanes()).toEqual(['to come1']);
  await userEvent.keyboard('{ArrowRight}');
  expect(await screen.findAllByText(/^to come, at /)).toHaveLength(2);
  expect(screen.getAllByText(/Asia\/Tokyo/)).toHaveLength(2);
});

it('tells a bar in words: its state, its server, its attempt and how long it took or takes', async () => {
  await showChart([bar('01A', { attempt: 2, state: 'running', to: null })]);
  await userEvent.keyboard('{ArrowRight}');
  const live = document.querySelector('[aria-live=polite]');
  await waitFor(() => expect(live?.textContent).toContain('running on js-1, attempt 2'));
  expect(live?.textContent).toContain('still running, 55 m 0 s');
  expect(live?.textContent).toContain('2026-01-31 09:05:00 UTC');
});

it('opens the attempt of the run that one has come to by keys', async () => {
  await showChart([bar('01A', { attempt: 2 })]);
  await userEvent.keyboard('{ArrowRight}{Enter}');
  await waitFor(() => expect(window.location.pathname + window.location.search).toBe('/runs/01A?attempt=2'));
});

it('opens nothing for what has not run yet', async () => {
  await showChart([bar('x', { run: null, server: '', state: 'forecast' })]);
  await userEvent.keyboard('{ArrowRight}{Enter}');
  expect(await screen.findAllByText(/^to come, at /)).toHaveLength(2);
  expect(window.location.pathname).toBe('/');
});

it('brings into sight a bar that one goes to', async () => {
  const { stretch } = await showChart([bar('01A', { from: nine - 90 * minute, to: nine - 80 * minute })]);
  await userEvent.keyboard('{ArrowRight}');
  expect(stretch.show).toHaveBeenCalledExactlyOnceWith(nine - 120 * minute, nine - 60 * minute);
});

it('zooms by keys about the bar that one has come to', async () => {
  const { stretch } = await showChart([bar('01A')]);
  await userEvent.keyboard('+{ArrowRight}-');
  expect(vi.mocked(stretch.zoomBy).mock.calls).toEqual([
    [0.5, undefined],
    [2, nine + 5 * minute],
  ]);
});

it('moves when it is dragged, and opens no run then', async () => {
  const { room, stretch } = await showChart([bar('01A')]);
  const canvas = room.querySelector('canvas') as HTMLCanvasElement;
  canvas.setPointerCapture = vi.fn();
  fireEvent.pointerDown(canvas, { pointerId: 1, clientX: 100, clientY: 40 });
  fireEvent.pointerMove(canvas, { pointerId: 1, clientX: 102, clientY: 40 });
  expect(stretch.show).not.toHaveBeenCalled();
  fireEvent.pointerMove(canvas, { pointerId: 1, clientX: 60, clientY: 40 });
  expect(stretch.show).toHaveBeenCalledOnce();
  expect(vi.mocked(stretch.show).mock.calls[0]?.[0]).toBeGreaterThan(nine);
  fireEvent.pointerUp(canvas, { pointerId: 1, clientX: 60, clientY: 40 });
  expect(window.location.pathname).toBe('/');
});
