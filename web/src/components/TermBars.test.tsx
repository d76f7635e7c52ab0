import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showPart } from '../testing/console';
import { TermBars, number } from './TermBars';

it('names the dearest term first', () => {
  const term = (indicator: string, penalty: number) => ({
    indicator,
    penalty,
    value: 1,
    min: 0,
    max: 1,
    weight: 1,
  });
  showPart(<TermBars terms={[term('cpu_idle', 0.2), term('free_disk', 12)]} />);
  const items = screen.getAllByRole('listitem').map((item) => item.textContent);
  expect(items[0]).toContain('free_disk');
  expect(items[0]).toContain('costs 12.0');
  expect(items[1]).toContain('cpu_idle');
});

it.each([
  [0.12345, '0.123'],
  [4096, '4100'],
  [1_234_567, '1.23 M'],
  [-0.5, '-0.5'],
  [8e13, '80 T'],
])('writes %d as %s', (value, text) => {
  expect(number(value)).toBe(text);
});
