import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { page, showPart } from '../../testing/console';
import { History } from './History';

const event = (id: number, kind: string, more: object = {}) => ({
  id,
  kind,
  subject: '01J9',
  at: `2026-01-31T09:05:0${id}Z`,
  data: {},
  ...more,
});

it('tells what happened to a run, the newest first', async () => {
  showPart(<History id="01J9" />, {
    'GET /runs/01J9/events': () => page(event(1, 'run.queued'), event(2, 'run.progress_lost')),
  });
  const entries = within(await screen.findByRole('list', { name: 'History' })).getAllByRole('listitem');
  expect(entries).toHaveLength(2);
  expect(entries[0]?.textContent).toContain('progress lost');
});

it('says that nothing has happened yet', async () => {
  showPart(<History id="01J9" />, { 'GET /runs/01J9/events': () => page() });
  expect(await screen.findByText('Nothing yet.')).toBeTruthy();
});
