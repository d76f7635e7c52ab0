import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, show, signedIn } from '../../../testing/console';

const group = {
  name: 'orders-db',
  max_concurrent: 2,
  active: 1,
  tasks: ['load-orders', 'invoices'],
  version: 1,
};

it('shows how much room a group has, and whose it is', async () => {
  show('/settings/limits', { ...signedIn, 'GET /concurrency-groups': () => page(group) });
  const row = within(await screen.findByRole('row', { name: /orders-db/ }));
  expect(row.getByText('1 of 2')).toBeTruthy();
  expect(row.getByRole('link', { name: 'invoices' }).getAttribute('href')).toBe('/tasks/invoices');
});

it('edits a group under the version that was read, whatever others did meanwhile', async () => {
  const edits: [string | null, unknown][] = [];
  show('/settings/limits', {
    ...signedIn,
    'GET /concurrency-groups': () => page(group),
    'PATCH /concurrency-groups/orders-db': ({ headers, body }) => {
      edits.push([headers.get('If-Match'), body]);
      return json({ title: 'changed', status: 412, detail: 'It was changed meanwhile.' }, 412);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Edit orders-db' }));
  const field = await screen.findByLabelText('Runs active at once');
  await user.clear(field);
  await user.type(field, '5');
  await user.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(edits).toEqual([['"1"', { description: '', max_concurrent: 5 }]]));
  const form = within(screen.getByRole('dialog', { name: 'Concurrency group orders-db' }));
  expect(await form.findByText('It was changed meanwhile.')).toBeTruthy();
});

it('leads to a first group', async () => {
  show('/settings/limits', { ...signedIn, 'GET /concurrency-groups': () => page() });
  expect(await screen.findByText(/There is no concurrency group yet/)).toBeTruthy();
  const [first] = screen.getAllByRole('button', { name: 'New group' });
  await userEvent.setup().click(first as HTMLElement);
  expect(await screen.findByRole('dialog', { name: 'New concurrency group' })).toBeTruthy();
});
