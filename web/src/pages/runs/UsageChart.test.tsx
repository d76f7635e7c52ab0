import { fireEvent, screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showPart } from '../../testing/console';
import { niceTop, UsageChart } from './UsageChart';

const at = Date.parse('2026-01-31T09:05:00Z');
const cores = (value: number) => `${value} cores`;
const twoAttempts = [
  {
    name: 'attempt 1',
    points: [
      { at, value: 3 },
      { at: at + 5_000, value: 1 },
    ],
  },
  { name: 'attempt 2', points: [{ at: at + 60_000, value: 2 }] },
];

it('says the last figure of the newest attempt and the most of all', () => {
  showPart(<UsageChart title="CPU" series={twoAttempts} format={cores} />);
  expect(screen.getByRole('figure', { name: 'CPU: now or last 2 cores, most 3 cores' })).toBeTruthy();
  expect(screen.getByText('last 2 cores · most 3 cores')).toBeTruthy();
});

it('says what is under the pointer, and the last again when it has left', () => {
  const { container } = showPart(<UsageChart title="CPU" series={twoAttempts} format={cores} />);
  const plot = container.querySelector('figure > div') as HTMLElement;
  fireEvent.pointerMove(plot, { clientX: 0 });
  expect(screen.getByText(/ UTC · attempt 1 · 3 cores$/)).toBeTruthy();
  fireEvent.pointerMove(plot, { clientX: 1000 });
  expect(screen.getByText(/· attempt 2 · 2 cores$/)).toBeTruthy();
  fireEvent.pointerLeave(plot);
  expect(screen.getByText('last 2 cores · most 3 cores')).toBeTruthy();
});

it('marks an attempt of one figure by a dot, as one point makes no line', () => {
  const { container } = showPart(<UsageChart title="CPU" series={twoAttempts} format={cores} />);
  expect(container.querySelectorAll('circle')).toHaveLength(1);
});

it.each([
  [0, false, 1],
  [3, false, 5],
  [11, false, 20],
  [1000, false, 1000],
  [0, true, 1024],
  [1100, true, 1536],
  [2 ** 20, true, 2 ** 20],
])('tops a scale of %d, by twos: %s, at %d', (value, binary, top) => {
  expect(niceTop(value, binary)).toBe(top);
});
