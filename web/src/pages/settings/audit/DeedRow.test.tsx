import { Table } from '@mantine/core';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import type { Deed } from '../../../data/audit';
import { showLinked } from '../../../testing/console';
import { DeedRow } from './DeedRow';

function showDeed(fields: Partial<Deed> = {}) {
  const deed: Deed = {
    id: 7,
    at: new Date('2026-01-31T09:05:00Z'),
    by: 'admin',
    from: '10.0.0.7',
    act: 'drainServer',
    subject: 'servers/js-1',
    reason: 'a new disk',
    request: '{\n  "reason": "a new disk"\n}',
    refusal: null,
    ...fields,
  };
  return showLinked(
    <Table>
      <Table.Tbody>
        <DeedRow deed={deed} first />
      </Table.Tbody>
    </Table>,
  );
}

it('says when, who from where, what to what and why, and leads to what it was done to', async () => {
  showDeed();
  const row = await screen.findByRole('row');
  for (const text of ['admin', '10.0.0.7', 'drain server', 'a new disk', 'done']) {
    expect(row.textContent).toContain(text);
  }
  expect(row.querySelector('time')?.dateTime).toBe('2026-01-31T09:05:00.000Z');
  expect(screen.getByTitle('drainServer')).toBeTruthy();
  expect(screen.getByRole('link', { name: 'servers/js-1' }).getAttribute('href')).toBe('/servers/js-1');
});

it('says why something was refused, and never that it was done', async () => {
  showDeed({ refusal: 'the server js-1 answers' });
  expect(await screen.findByText('refused: the server js-1 answers')).toBeTruthy();
  expect(screen.queryByText('done')).toBeNull();
});

it('leads nowhere from what has no page of its own', async () => {
  showDeed({ subject: 'session' });
  expect(await screen.findByText('session')).toBeTruthy();
  expect(screen.queryByRole('link')).toBeNull();
});

it('shows what was asked for when one asks, and nothing of a request without a body', async () => {
  const { unmount } = showDeed();
  const details = (await screen.findByText('what was asked for')).closest('details') as HTMLDetailsElement;
  expect(details.open).toBe(false);
  await userEvent.click(screen.getByText('what was asked for'));
  expect(details.open).toBe(true);
  expect(details.textContent).toContain('"reason": "a new disk"');
  unmount();
  showDeed({ request: '' });
  await screen.findByRole('row');
  expect(screen.queryByText('what was asked for')).toBeNull();
});
