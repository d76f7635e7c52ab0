// A session that ends while one is at work, and begins again.

import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';

import { json, nothing, problem, signedIn } from './console';
import type { Answers } from './console';

/** Gives the answers while one is signed in, and refuses everything once `end` is called or one signs out. */
export function sessionOf(answers: Answers): { answers: Answers; end: () => void } {
  let isOpen = true;
  const guarded = Object.entries({ ...signedIn, ...answers }).map(
    ([at, answer]): [string, Answers[string]] => [
      at,
      (asked) => (isOpen ? answer(asked) : problem(401, 'the request has no valid token')),
    ],
  );
  return {
    answers: {
      ...Object.fromEntries(guarded),
      'POST /session': () => {
        isOpen = true;
        return json({ by: 'admin', expires_at: null }, 201);
      },
      'DELETE /session': () => {
        isOpen = false;
        return nothing();
      },
    },
    end: () => (isOpen = false),
  };
}

/** Signs in where the page asks for the token. */
export async function signIn(): Promise<void> {
  await userEvent.type(await screen.findByLabelText(/^Token/), 'secret');
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
}
