import { act, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { showPart } from '../testing/console';
import { Ago, agoText, Elapsed, Instant, localText, ofLocalText } from './instants';

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
