import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { json, page, problem, showPart } from '../../testing/console';
import { aServer } from '../../testing/samples';
import { AddServer } from './AddServer';

const token = {
  token: 't',
  name: null,
  expires_at: '2026-01-31T10:00:00Z',
  command: 'jobserver join --token t',
};

it('asks for a line under the name that was typed, and under none where there is none', async () => {
  const asked: unknown[] = [];
  showPart(<AddServer opened close={vi.fn()} />, {
    'GET /servers': () => page(aServer()),
    'POST /join-tokens': ({ body }) => {
      asked.push(body);
      return json(token, 201);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Make the line' }));
  expect((await screen.findByLabelText('The line to run')).textContent).toBe(token.command);
  expect(screen.getByText(/can be used once/)).toBeTruthy();
  expect(screen.getByText(/^Waiting for it to appear/)).toBeTruthy();
  await user.type(screen.getByLabelText('Name of the server'), 'js-9');
  await user.click(screen.getByRole('button', { name: 'Another line' }));
  await vi.waitFor(() => expect(asked).toEqual([{}, { name: 'js-9' }]));
});

it('shows no server as new that was there before', async () => {
  showPart(<AddServer opened close={vi.fn()} />, {
    'GET /servers': () => page(aServer()),
    'POST /join-tokens': () => json(token, 201),
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Make the line' }));
  await screen.findByLabelText('The line to run');
  expect(screen.queryByText(/^js-1 has joined/)).toBeNull();
});

it('says why there is no line', async () => {
  showPart(<AddServer opened close={vi.fn()} />, {
    'GET /servers': () => page(),
    'POST /join-tokens': () => problem(422, 'the name is taken'),
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Make the line' }));
  expect(await screen.findByText('the name is taken')).toBeTruthy();
  expect(screen.queryByLabelText('The line to run')).toBeNull();
});
