import { afterAll, expect, it, vi } from 'vitest';

// The formats of dates are made when their module is read, and keep the zone of that moment.
vi.stubEnv('TZ', 'Europe/Paris');
vi.resetModules();
const { ticks, zoom } = await import('./ticks');

afterAll(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

const at = (text: string) => Date.parse(text);
const hours = (from: string, to: string, most: number) =>
  ticks(at(from), at(to), most).map((tick) => new Date(tick.at).toISOString().slice(0, 16));

it('puts ticks where clocks show whole steps, and no more than asked for', () => {
  expect(hours('2026-01-10T08:07:00Z', '2026-01-10T09:02:00Z', 6)).toEqual([
    '2026-01-10T08:10',
    '2026-01-10T08:20',
    '2026-01-10T08:30',
    '2026-01-10T08:40',
    '2026-01-10T08:50',
    '2026-01-10T09:00',
  ]);
  for (const length of [5e3, 6e4, 36e5, 864e5, 30 * 864e5]) {
    const got = ticks(at('2026-01-10T08:07:00Z'), at('2026-01-10T08:07:00Z') + length, 8);
    expect(got.length).toBeGreaterThan(1);
    expect(got.length).toBeLessThanOrEqual(9);
  }
});

it('names the day where it begins', () => {
  const got = ticks(at('2026-01-10T20:00:00Z'), at('2026-01-11T02:00:00Z'), 6);
  expect(got.filter((tick) => tick.strong).map((tick) => tick.at)).toEqual([at('2026-01-10T23:00:00Z')]);
  expect(got.find((tick) => tick.strong)?.label).toMatch(/11/);
});

it('keeps to midnight where clocks are changed', () => {
  // In Paris clocks go forward on 29 March 2026.
  expect(hours('2026-03-27T23:00:00Z', '2026-03-30T23:00:00Z', 4)).toEqual([
    '2026-03-27T23:00',
    '2026-03-28T23:00',
    '2026-03-29T22:00',
    '2026-03-30T22:00',
  ]);
  const local = ticks(at('2026-03-28T23:00:00Z'), at('2026-03-29T22:00:00Z'), 8).map((t) =>
    new Date(t.at).getHours(),
  );
  expect(local.every((h) => h % 3 === 0)).toBe(true);
});

it('zooms about an instant, within bounds', () => {
  const bounds = { least: 10, most: 1000 };
  expect(zoom(100, 200, 150, 0.5, bounds)).toEqual({ from: 125, to: 175 });
  expect(zoom(100, 200, 100, 2, bounds)).toEqual({ from: 100, to: 300 });
  expect(zoom(100, 200, 150, 0.01, bounds)).toEqual({ from: 145, to: 155 });
  expect(zoom(100, 200, 150, 100, bounds)).toEqual({ from: -350, to: 650 });
});
