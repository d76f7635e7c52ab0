import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { json, showLinked } from '../../../testing/console';
import { GroupForm } from './GroupForm';

const user = userEvent.setup();

it('makes a group of a name, what its tasks share, and how many runs there are at once', async () => {
  const made: unknown[] = [];
  const close = vi.fn();
  showLinked(<GroupForm group={null} close={close} />, {
    'POST /concurrency-groups': ({ body }) => {
      made.push(body);
      return json({ ...(body as object), active: 0, tasks: [], version: 1 }, 201);
    },
  });
  await user.type(await screen.findByLabelText(/^Name/), 'orders-db');
  await user.type(screen.getByLabelText('What its tasks have in common'), 'the database');
  const most = screen.getByLabelText('Runs active at once');
  await user.clear(most);
  await user.type(most, '3');
  await user.click(screen.getByRole('button', { name: 'Create' }));
  expect(await screen.findByText('orders-db is there; tasks can name it')).toBeTruthy();
  expect(made).toEqual([{ name: 'orders-db', description: 'the database', max_concurrent: 3 }]);
  expect(close).toHaveBeenCalledTimes(1);
});

it('says at the number what is wrong with it', async () => {
  const errors = [{ field: 'max_concurrent', reason: 'must be from 1 to 10000' }];
  showLinked(<GroupForm group={null} close={vi.fn()} />, {
    'POST /concurrency-groups': () => json({ title: 'wrong', status: 422, detail: 'wrong', errors }, 422),
  });
  await user.click(await screen.findByRole('button', { name: 'Create' }));
  const most = screen.getByLabelText<HTMLInputElement>('Runs active at once');
  await waitFor(() => expect(most.getAttribute('aria-invalid')).toBe('true'));
  expect(screen.getByText('must be from 1 to 10000')).toBeTruthy();
});
