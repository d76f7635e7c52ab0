import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showLinked } from '../../../testing/console';
import { RunLinks } from './RunLinks';

it('leads to the newest runs, and says how many more there are than it was told of', async () => {
  showLinked(<RunLinks runs={{ count: 12, newest: ['01B', '01A'] }} />);
  expect((await screen.findByRole('link', { name: '01B' })).getAttribute('href')).toBe('/runs/01B');
  expect(screen.getAllByRole('link')).toHaveLength(2);
  expect(screen.getByText(/and 10 more$/)).toBeTruthy();
});

it('says that there is none', async () => {
  showLinked(<RunLinks runs={{ count: 0, newest: [] }} />);
  expect(await screen.findByText('none')).toBeTruthy();
});
