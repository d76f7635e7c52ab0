import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, show, signedIn } from '../../testing/console';
import { aServer, aVirtualServer } from '../../testing/samples';

const group = aVirtualServer({ on_unavailable: 'reset', leave_running: true });

it('says what leaving jobs running gives up, and lets go of it with the policy that it is for', async () => {
  const sent: unknown[] = [];
  show('/virtual-servers', {
    ...signedIn,
    'GET /servers': () => page(aServer()),
    'GET /virtual-servers': () => page(group),
    'POST /virtual-servers/preview': () => page(),
    'PATCH /virtual-servers/etl': ({ body }) => {
      sent.push(body);
      return json(group);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Edit etl' }));
  const editor = within(await screen.findByRole('dialog'));
  const leave = await editor.findByLabelText<HTMLInputElement>(/Leave the cut-off job running/);
  expect(leave.checked).toBe(true);
  expect(editor.getByText('A run that is started anew may then overlap with it.')).toBeTruthy();
  await user.click(editor.getByRole('combobox', { name: 'When a member is unavailable' }));
  await user.click(await screen.findByRole('option', { name: 'recover' }));
  expect(editor.queryByLabelText(/Leave the cut-off job running/)).toBeNull();
  await user.click(editor.getByRole('button', { name: 'Save' }));
  await waitFor(() =>
    expect(sent).toEqual([expect.objectContaining({ on_unavailable: 'recover', leave_running: false })]),
  );
});
