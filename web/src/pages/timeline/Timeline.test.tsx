import { fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it, vi } from 'vitest';

import { page, show, signedIn } from '../../testing/console';
import { barsOf } from './Timeline';

const nine = Date.parse('2026-01-31T09:00:00Z');
const minute = 60_000;
const text = (at: number) => new Date(at).toISOString();
const hour = `from=${text(nine)}&to=${text(nine + 60 * minute)}`;

const span = (run: string, task: string, server: string, from: number, long: number | null) => ({
  run,
  attempt: 1,
  task,
  server,
  state: long === null ? 'running' : 'succeeded',
  from: text(from),
  to: long === null ? null : text(from + long),
});

const past = [
  span('01A', 'load', 'js-1', nine + 5 * minute, 10 * minute),
  span('01B', 'report', 'js-2', nine + 20 * minute, 10 * minute),
  span('01C', 'load', 'js-2', nine + 40 * minute, 10 * minute),
];

// jsdom has no canvas to draw on. What is drawn is seen in a browser; here is what the page asks for, says and does.
beforeEach(() => {
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
  return () => vi.restoreAllMocks();
});

/** Shows the timeline at an address. Returns the stretches that were asked for. */
function showTimeline(search: string, spans: unknown[] = past, coming: unknown[] = []) {
  const asked: [number, number][] = [];
  show(`/timeline?${search}`, {
    ...signedIn,
    'GET /timeline': ({ url }) => {
      const at = (name: string) => Date.parse(url.searchParams.get(name) ?? '');
      asked.push([at('from'), at('to')]);
      return page(...spans);
    },
    'GET /forecast': ({ url }) => (url.searchParams.has('until') ? page(...coming) : page()),
  });
  return asked;
}

const bars = () => screen.findByRole('application', { name: /^Bars of the timeline/ });
const shown = () => {
  const search = new URLSearchParams(window.location.search);
  return [Date.parse(search.get('from') ?? ''), Date.parse(search.get('to') ?? '')] as const;
};
const lanes = () =>
  [...screen.getByRole('region', { name: 'Timeline' }).querySelectorAll('[title]')].map((lane) =>
    lane.getAttribute('title'),
  );

it('has a lane for each server, or for each task, and the choice stands in the address', async () => {
  const asked = showTimeline(hour);
  await bars();
  expect(lanes()).toEqual(['js-1', 'js-2']);
  expect(screen.getByText('3 attempts')).toBeTruthy();
  expect(asked[0]?.[0]).toBeLessThanOrEqual(nine);
  expect(asked[0]?.[1]).toBeGreaterThanOrEqual(nine + 60 * minute);
  await userEvent.click(screen.getByText('by task'));
  expect(lanes()).toEqual(['load', 'report']);
  expect(new URLSearchParams(window.location.search).get('by')).toBe('task');
});

it('has a lane for what is to come while it goes on with the present', async () => {
  const now = Date.now();
  const due = {
    due_at: text(now + 2 * minute),
    task: 'load',
    plan: null,
    trigger: 'often',
    timezone: 'Asia/Tokyo',
  };
  showTimeline('length=15m', [span('01D', 'load', 'js-1', now - minute, null)], [due]);
  await bars();
  await waitFor(() => expect(lanes()).toEqual(['js-1', '']));
  expect(screen.getByText('to come')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Now' }).getAttribute('aria-pressed')).toBe('true');
});

it('goes from bar to bar by arrow keys, tells each in words to the eye and to the ear, and opens its run', async () => {
  showTimeline(hour);
  const room = await bars();
  room.focus();
  const user = userEvent.setup();
  await user.keyboard('{ArrowRight}');
  expect(await screen.findAllByText('succeeded on js-1')).toHaveLength(2);
  await user.keyboard('{ArrowDown}');
  expect(await screen.findAllByText('succeeded on js-2')).toHaveLength(2);
  expect(screen.getAllByText('2026-01-31 09:20:00 UTC to 2026-01-31 09:30:00 UTC')).toHaveLength(2);
  await user.keyboard('{Enter}');
  await waitFor(() => expect(window.location.pathname).toBe('/runs/01B'));
});

it('zooms by plus and minus, and the address keeps the stretch', async () => {
  showTimeline(hour);
  const room = await bars();
  room.focus();
  const user = userEvent.setup();
  await user.keyboard('+');
  await waitFor(() => expect(shown()[1] - shown()[0]).toBe(30 * minute));
  await user.keyboard('--');
  await waitFor(() => expect(shown()[1] - shown()[0]).toBe(120 * minute));
  await user.click(screen.getByRole('button', { name: 'Later' }));
  await waitFor(() => expect(shown()[0]).toBe(nine + 30 * minute));
  await user.click(screen.getByRole('button', { name: 'Now' }));
  await waitFor(() => expect(window.location.search).not.toContain('from='));
});

it('zooms by Ctrl and the wheel about the pointer, moves by Shift, and leaves the wheel alone without', async () => {
  showTimeline(hour);
  const canvas = (await bars()).querySelector('canvas');
  if (!canvas) throw new Error('there is no canvas');
  expect(fireEvent.wheel(canvas, { deltaY: 100 })).toBe(true);
  expect(fireEvent.wheel(canvas, { deltaY: -300, ctrlKey: true })).toBe(false);
  await waitFor(() => expect(shown()[1] - shown()[0]).toBeCloseTo((60 * minute) / Math.E, -2));
  expect(shown()[0]).toBe(nine);
  const [from, to] = shown();
  expect(fireEvent.wheel(canvas, { deltaY: 1, shiftKey: true })).toBe(false);
  await waitFor(() => expect(shown()[0]).toBeGreaterThan(from));
  expect(shown()[1] - shown()[0]).toBeCloseTo(to - from, -2);
});

it('says so where nothing ran', async () => {
  showTimeline(hour, []);
  expect(await screen.findByText(/^Nothing ran then/)).toBeTruthy();
});

it('leaves out of what is to come what is past already', () => {
  const at = (minutes: number) => ({
    owner: 'load',
    trigger: 'often',
    at: nine + minutes * minute,
    zone: 'UTC',
  });
  expect(barsOf([], [at(-1), at(1)], nine).map(({ from }) => from)).toEqual([nine + minute]);
});
