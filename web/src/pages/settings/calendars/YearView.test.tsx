import { fireEvent, screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showPart } from '../../../testing/console';
import { YearView } from './YearView';

const day = (date: string, allowed: string[], entries: string[] = []) => ({ date, allowed, entries });
const days = [
  day('2026-12-30', ['00:00-24:00']),
  day('2026-12-31', ['09:00-12:00'], ['Closing']),
  day('2027-01-01', [], ['New Year']),
];

const button = (name: RegExp) => screen.getByRole('button', { name });
const press = (key: string) => fireEvent.keyDown(document.activeElement as Element, { key });
const told = () => screen.getByRole('status').textContent;

it('shows each month with its days, each in words and by how much of it is due', () => {
  showPart(<YearView days={days} />);
  const months = screen.getAllByRole('region');
  expect(months.map((month) => within(month).getAllByRole('button').length)).toEqual([2, 1]);
  const shares = screen.getAllByRole('button').map((one) => one.dataset.share);
  expect(shares).toEqual(['all', 'part', 'none']);
  expect(button(/31.*2026: due 09:00-12:00 \(Closing\)/)).toBeTruthy();
  expect(button(/1.*2027: not due \(New Year\)/)).toBeTruthy();
});

it('is walked by arrow keys, over the end of a month and no further than the last day', () => {
  showPart(<YearView days={days} />);
  const first = button(/30/);
  expect(first.tabIndex).toBe(0);
  first.focus();
  press('ArrowRight');
  expect(document.activeElement).toBe(button(/31.*2026/));
  press('ArrowDown');
  expect(document.activeElement).toBe(button(/2027/));
  expect(told()).toMatch(/not due \(New Year\)/);
  press('ArrowRight');
  expect(document.activeElement).toBe(button(/2027/));
  press('ArrowUp');
  expect(document.activeElement).toBe(first);
  const reached = screen.getAllByRole('button').filter(({ tabIndex }) => tabIndex === 0);
  expect(reached).toEqual([first]);
});

it('tells the day that is pointed at', () => {
  showPart(<YearView days={days} />);
  fireEvent.mouseEnter(button(/31.*2026/));
  expect(told()).toMatch(/due 09:00-12:00 \(Closing\)/);
});
