import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { page, show, signedIn } from '../../testing/console';
import { counted } from './Settings';

it('leads to each subject and says what there is of it', async () => {
  show('/settings', {
    ...signedIn,
    'GET /calendars': () => page({ name: 'holidays', version: 1 }),
    'GET /notifications/channels': () => page(),
    'GET /notifications/deliveries': () => page(),
    'GET /concurrency-groups': () => page(),
  });
  expect(await screen.findByText('1 calendar')).toBeTruthy();
  const to = screen.getAllByRole('link').map((link) => link.getAttribute('href'));
  for (const subject of ['archives', 'calendars', 'notifications', 'limits', 'retention', 'audit', 'about']) {
    expect(to).toContain(`/settings/${subject}`);
  }
});

it.each([
  [0, 'no delivery'],
  [1, '1 delivery'],
  [2, '2 deliveries'],
])('counts %d as %s', (count, words) => {
  expect(counted(count, 'delivery', 'deliveries')).toBe(words);
});
