import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { serverOf } from '../../data/servers';
import { json, problem, showPart } from '../../testing/console';
import { aServer } from '../../testing/samples';
import { ModeDialog } from './ModeDialog';

const server = serverOf(aServer());

it.each([
  ['draining', 'Drain', /goes on to its end/, 'drain'],
  ['disabled', 'Disable', /until it is activated/, 'disable'],
] as const)('says what %s means, and asks for it with the reason', async (mode, button, meaning, verb) => {
  let asked: unknown;
  const close = vi.fn();
  showPart(<ModeDialog server={server} mode={mode} close={close} />, {
    [`POST /servers/js-1/${verb}`]: ({ body }) => {
      asked = body;
      return json(aServer({ mode, status: mode }));
    },
  });
  expect(await screen.findByText(meaning)).toBeTruthy();
  await userEvent.type(screen.getByLabelText('Why'), '  a new disk ');
  await userEvent.click(screen.getByRole('button', { name: button }));
  await waitFor(() => expect(close).toHaveBeenCalled());
  expect(asked).toEqual({ reason: 'a new disk' });
});

it('sends no reason where none was given', async () => {
  let asked: unknown = 'nothing yet';
  const close = vi.fn();
  showPart(<ModeDialog server={server} mode="active" close={close} />, {
    'POST /servers/js-1/activate': ({ body }) => {
      asked = body;
      return json(aServer());
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Activate' }));
  await waitFor(() => expect(asked).toEqual({}));
});

it('stays open and says why, where it is refused', async () => {
  const close = vi.fn();
  showPart(<ModeDialog server={server} mode="draining" close={close} />, {
    'POST /servers/js-1/drain': () => problem(409, 'js-1 was removed'),
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Drain' }));
  expect(await screen.findByText('js-1 was removed')).toBeTruthy();
  expect(close).not.toHaveBeenCalled();
});
