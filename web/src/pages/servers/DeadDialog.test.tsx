import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { serverOf } from '../../data/servers';
import { json, page, problem, showLinked } from '../../testing/console';
import { aServer } from '../../testing/samples';
import { DeadDialog } from './DeadDialog';

const server = serverOf(aServer({ status: 'unreachable' }));
const fate = {
  run: 'R1',
  task: 'load',
  attempt: 1,
  action: 'recover',
  after: null,
  checkpoint: { name: 'cp3' },
  server: 'js-2',
  reason: 'the policy is recover',
};

it('warns, shows what becomes of the runs, and takes a statement of ten characters or more', async () => {
  let stated: unknown;
  const close = vi.fn();
  showLinked(<DeadDialog server={server} opened close={close} />, {
    'GET /servers/js-1/what-if': () => page(fate),
    'POST /servers/js-1/declare-dead': ({ body }) => {
      stated = body;
      return json(aServer({ status: 'unavailable' }));
    },
  });
  expect(await screen.findByText('recover on js-2 from cp3')).toBeTruthy();
  expect(screen.getByText(/attempts of one run may overlap/)).toBeTruthy();
  const button = screen.getByRole<HTMLButtonElement>('button', { name: 'Declare js-1 dead' });
  const field = screen.getByRole('textbox', { name: /How do you know/ });
  // Blanks around it do not make it longer.
  await userEvent.type(field, '   unplugged   ');
  expect(button.disabled).toBe(true);
  await userEvent.type(field, 'it');
  expect(button.disabled).toBe(false);
  await userEvent.click(button);
  await waitFor(() => expect(close).toHaveBeenCalled());
  expect(stated).toEqual({ reason: 'unplugged   it' });
});

it('stays open and says why, where it is refused', async () => {
  const close = vi.fn();
  showLinked(<DeadDialog server={server} opened close={close} />, {
    'GET /servers/js-1/what-if': () => page(),
    'POST /servers/js-1/declare-dead': () => problem(409, 'js-1 answers again'),
  });
  await userEvent.type(await screen.findByRole('textbox', { name: /How do you know/ }), 'it was unplugged');
  await userEvent.click(screen.getByRole('button', { name: 'Declare js-1 dead' }));
  expect(await screen.findByText('js-1 answers again')).toBeTruthy();
  expect(close).not.toHaveBeenCalled();
});
