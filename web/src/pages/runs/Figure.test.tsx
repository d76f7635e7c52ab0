import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showPart } from '../../testing/console';
import { Figure } from './Figure';

it('names a figure before it tells it, in digits of one width', () => {
  showPart(<Figure name="Peak memory" value="512 MiB" />);
  const value = screen.getByText('512 MiB');
  expect(value.className).toContain('number');
  expect(value.previousElementSibling?.textContent).toBe('Peak memory');
});
