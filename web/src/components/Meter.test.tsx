import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showPart } from '../testing/console';
import { Meter } from './Meter';

it('fills the bar by the share, and says beside it what the share means', () => {
  showPart(<Meter value={0.4} label="40 %" title="Memory of js-1" />);
  const bar = screen.getByRole('progressbar', { name: 'Memory of js-1' });
  expect(bar.getAttribute('aria-valuenow')).toBe('40');
  expect(screen.getByText('40 %')).toBeTruthy();
});

it('leaves the bar empty while the share is not known', () => {
  showPart(<Meter value={null} label="–" title="Memory of js-1" />);
  expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('0');
  expect(screen.getByText('–')).toBeTruthy();
});
