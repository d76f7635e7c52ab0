import { act, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { showPart } from '../testing/console';
import { Ago, agoText, bothText, Elapsed, Instant, instantTitle, localText, ofLocalText } from './instants';

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-31T09:05:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

it('says how long ago in the largest unit', () => {
  expect([0, 4_999, 59_000, 3_599_000, 86_399_000, 3 * 86_400_000].map(agoText)).toEqual([
    'now',
    'now',
    '59 s ago',
    '59 m ago',
    '23 h ago',
    '3 d ago',
  ]);
});

it('tells an instant with its time in UTC on hovering, and shows none as a dash', () => {
  showPart(<Instant at={new Date('2026-01-31T08:00:00Z')} />);
  const time = document.querySelector('time');
  expect(time?.dateTime).toBe('2026-01-31T08:00:00.000Z');
  expect(time?.title).toMatch(/2026-01-31 08:00:00 UTC$/);
  showPart(<Instant at={null} />);
  expect(screen.getByText('–')).toBeTruthy();
});

it('tells the zone of a trigger too, where that is another, and leaves out one that the browser does not know', () => {
  const at = new Date('2026-01-31T08:00:00Z');
  expect(instantTitle(at, 'Asia/Tokyo').split('\n')[2]).toMatch(/Jan 31, 2026, 5:00:00\sPM \(Asia\/Tokyo\)/);
  expect(instantTitle(at, 'UTC').split('\n')).toHaveLength(2);
  expect(instantTitle(at, 'Nowhere/Atall').split('\n')).toHaveLength(2);
});

it('writes both zones in a line, with the date in UTC only where that is another one', () => {
  const offset = vi.spyOn(Date.prototype, 'getTimezoneOffset').mockReturnValue(-120);
  const day = vi.spyOn(Date.prototype, 'getDate').mockReturnValue(31);
  expect(bothText(new Date('2026-01-31T08:00:00.250Z'))).toMatch(/^\S.* · 08:00:00 UTC$/);
  day.mockReturnValue(1);
  expect(bothText(new Date('2026-01-31T23:30:00Z'))).toMatch(/ · 2026-01-31 23:30:00 UTC$/);
  day.mockRestore();
  offset.mockReturnValue(0);
  expect(bothText(new Date('2026-01-31T08:00:00Z'))).not.toContain('·');
  expect(bothText(new Date('2026-01-31T08:00:00Z'))).toMatch(/ UTC$/);
  offset.mockRestore();
});

it('writes the date with a time that was today when the page was opened', () => {
  const { container } = render(<Instant at={new Date('2026-01-31T09:00:00Z')} />);
  expect(container.textContent).not.toMatch(/2026/);
  act(() => {
    vi.setSystemTime(new Date('2026-02-01T12:00:00Z'));
    vi.advanceTimersByTime(1_000);
  });
  expect(container.textContent).toMatch(/2026/);
});

it('can be reached by keyboard, but not inside of what can be, nor in a row of a list', () => {
  const at = new Date('2026-01-31T09:00:00Z');
  const { container } = render(
    <>
      <Instant at={at} />
      <Ago at={at} />
      <Instant at={at} within />
      <Instant at={at} row />
      <Ago at={at} row />
    </>,
  );
  expect(Array.from(container.querySelectorAll('time'), ({ tabIndex }) => tabIndex)).toEqual([
    0, 0, -1, -1, -1,
  ]);
});

it('goes on counting while something lasts, and stops at its end', () => {
  const from = new Date('2026-01-31T09:04:00Z');
  const { container, rerender } = render(<Elapsed from={from} to={null} />);
  const before = container.textContent;
  act(() => {
    vi.advanceTimersByTime(30_000);
  });
  expect(container.textContent).not.toBe(before);
  rerender(<Elapsed from={from} to={new Date('2026-01-31T09:05:00Z')} />);
  expect(container.textContent).toBe('1 m 0 s');
  act(() => {
    vi.advanceTimersByTime(30_000);
  });
  expect(container.textContent).toBe('1 m 0 s');
});

it('says of what has no end that its time is so far, and since when', () => {
  const from = new Date('2026-01-31T09:04:00Z');
  const { rerender } = render(<Elapsed from={from} to={null} />);
  expect(screen.getByText('1 m 0 s so far').title).toMatch(/^since [^]*2026-01-31 09:04:00 UTC$/);
  rerender(<Elapsed from={from} to={new Date('2026-01-31T09:05:00Z')} />);
  expect(screen.getByText('1 m 0 s').title).toBe('');
});

it('grows older while one looks', () => {
  const { container } = render(<Ago at={new Date('2026-01-31T09:04:50Z')} />);
  expect(container.textContent).toBe('10 s ago');
  act(() => {
    vi.advanceTimersByTime(60_000);
  });
  expect(container.textContent).toBe('1 m ago');
});

it('reads back from a field what it writes there, to the minute', () => {
  expect(ofLocalText(localText('2026-01-31T09:05:42Z'))).toBe('2026-01-31T09:05:00.000Z');
  expect(localText('')).toBe('');
  expect(ofLocalText('soon')).toBe('');
});
