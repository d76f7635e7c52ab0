import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { serverOf } from '../../data/servers';
import { json, showLinked } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aServer } from '../../testing/samples';
import { SettingsDialog } from './SettingsDialog';

function showDialog(answers: Answers) {
  const close = vi.fn();
  const server = serverOf(aServer({ labels: { disk: 'fast' }, version: 7 }));
  showLinked(<SettingsDialog server={server} opened close={close} />, answers);
  return close;
}

it('saves the settings of the version that was read, and closes', async () => {
  const sent: unknown[] = [];
  const close = showDialog({
    'PATCH /servers/js-1': ({ body, headers }) => {
      sent.push([body, headers.get('If-Match')]);
      return json(aServer());
    },
  });
  const user = userEvent.setup();
  await user.type(await screen.findByLabelText('What it is'), 'the big one');
  await user.click(screen.getByRole('button', { name: 'Save' }));
  const settings = { description: 'the big one', labels: { disk: 'fast' }, slots: 4, power: 1 };
  await waitFor(() => expect(sent).toEqual([[settings, '"7"']]));
  await waitFor(() => expect(close).toHaveBeenCalled());
});

it('says at its field what the conductor refuses, and stays open', async () => {
  const errors = [{ field: 'labels.disk', reason: 'must be lower case' }];
  const close = showDialog({
    'PATCH /servers/js-1': () => json({ title: 'Invalid', status: 422, detail: 'no', errors }, 422),
  });
  await userEvent.setup().click(await screen.findByRole('button', { name: 'Save' }));
  expect(await screen.findByText('must be lower case')).toBeTruthy();
  expect(close).not.toHaveBeenCalled();
});
