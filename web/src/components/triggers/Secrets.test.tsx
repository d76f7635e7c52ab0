import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { triggerOf } from '../../data/triggers';
import type { Owner } from '../../data/triggers';
import { json, problem, showPart } from '../../testing/console';
import { aTrigger } from '../../testing/samples';
import { Secrets } from './Secrets';

const owner: Owner = { kind: 'task', name: 'load' };
const address = 'https://jobs.example/hooks/abc';
const before = { made_at: null, has_signing_key: false, refused: 0, refused_at: null };

/** Shows how a webhook is called; what was asked to be made is returned. */
function showSecrets(signature: 'standard' | 'github' | 'none', webhook: object = before, key = 'whsec_x') {
  const sent: unknown[] = [];
  const close = vi.fn();
  const trigger = triggerOf(aTrigger({ name: 'called', kind: 'webhook', webhook: { signature } }));
  showPart(<Secrets owner={owner} trigger={trigger} close={close} />, {
    'GET /tasks/load/triggers/called/webhook': () => json(webhook),
    'POST /tasks/load/triggers/called/webhook-secrets': ({ body }) => {
      sent.push(body);
      return json({ url: address, path: '/hooks/abc', signing_key: key }, 201);
    },
  });
  return { sent, close };
}

it('makes the first address, shows each secret with a button that copies it, and says how to sign', async () => {
  const user = userEvent.setup();
  const { close } = showSecrets('github');
  expect(await screen.findByText(/^It has no address yet/)).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Make the address' }));
  const made = await screen.findByRole('group', { name: 'Address, for requests by POST' });
  expect(within(made).getByText(address)).toBeTruthy();
  expect(screen.getByRole('alert', { name: 'They are shown this one time' })).toBeTruthy();
  expect(screen.getByText(/X-Hub-Signature-256/)).toBeTruthy();
  await user.click(within(made).getByRole('button', { name: 'Copy' }));
  expect(await within(made).findByRole('button', { name: 'Copied' })).toBeTruthy();
  expect(await navigator.clipboard.readText()).toBe(address);
  await user.click(screen.getByRole('button', { name: 'I have them' }));
  expect(close).toHaveBeenCalledOnce();
});

it('asks for no key where callers do not sign', async () => {
  showSecrets('none', before, '');
  await userEvent.click(await screen.findByRole('button', { name: 'Make the address' }));
  expect(await screen.findByText('Requests need no signature.')).toBeTruthy();
  expect(screen.queryByLabelText('Key of the signature')).toBeNull();
});

it('makes nothing anew before one says what, and then that alone', async () => {
  const { sent } = showSecrets('standard', {
    made_at: '2026-01-31T08:00:00Z',
    has_signing_key: true,
    refused: 1,
    refused_at: '2026-01-31T09:00:00Z',
  });
  const make = await screen.findByRole<HTMLButtonElement>('button', { name: 'Make it anew' });
  expect(make.disabled).toBe(true);
  expect(screen.getByText(/^One request had a wrong signature, the last at /)).toBeTruthy();
  await userEvent.click(screen.getByLabelText('Make a new address'));
  expect(make.disabled).toBe(false);
  await userEvent.click(make);
  await waitFor(() => expect(sent).toEqual([{ keep_signing_key: true }]));
});

it('tells that the webhook could not be read', async () => {
  showPart(<Secrets owner={owner} trigger={triggerOf(aTrigger({ name: 'called' }))} close={vi.fn()} />, {
    'GET /tasks/load/triggers/called/webhook': () => problem(404, 'there is no such trigger'),
  });
  expect(await screen.findByRole('alert', { name: 'The webhook could not be read' })).toBeTruthy();
});
