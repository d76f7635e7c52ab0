import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { Sparkline, points } from './Sparkline';

it('spans the width, and keeps within the height whatever the values are', () => {
  expect(points([0, 0.5, 1, 7, -1], 1, 40, 20)).toBe('0.0,19.0 10.0,10.0 20.0,1.0 30.0,1.0 40.0,19.0');
});

it('has no line of a single value, and says it all the same', () => {
  const { container } = render(<Sparkline values={[0.3]} label="CPU 30 %" />);
  expect(screen.getByRole('img', { name: 'CPU 30 %' })).toBeTruthy();
  expect(container.querySelector('polyline')).toBeNull();
});
