import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, problem, showPart } from '../testing/console';
import { SignIn } from './SignIn';

it('says where the token is found', () => {
  showPart(<SignIn />);
  expect(screen.getByText(/printed a token at its first start/).textContent).toContain('admin-token');
});

it('sends the token without the blanks that came along when it was copied', async () => {
  const sent: unknown[] = [];
  showPart(<SignIn />, {
    'POST /session': ({ body }) => {
      sent.push(body);
      return json({ by: 'admin' }, 201);
    },
  });
  const user = userEvent.setup();
  await user.type(screen.getByLabelText(/Token/), '  secret {Enter}');
  await waitFor(() => expect(sent).toEqual([{ token: 'secret' }]));
});

it('says why it was refused, and keeps what was typed', async () => {
  showPart(<SignIn />, { 'POST /session': () => problem(429, 'too many tries, wait a minute') });
  const user = userEvent.setup();
  await user.type(screen.getByLabelText(/Token/), 'guess{Enter}');
  expect((await screen.findByRole('alert')).textContent).toContain('too many tries, wait a minute');
  expect(screen.getByLabelText<HTMLInputElement>(/Token/).value).toBe('guess');
});
