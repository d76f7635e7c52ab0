import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, it } from 'vitest';

import type { SecretDraft } from '../../../data/channels';
import { showPart } from '../../../testing/console';
import { SecretField } from './SecretField';

const user = userEvent.setup();

function showSecret(first: Partial<SecretDraft>, required = false) {
  let now: SecretDraft = { set: false, typed: '', removed: false, ...first };
  function Field() {
    const [secret, setSecret] = useState(now);
    now = secret;
    return (
      <SecretField
        label="Key"
        description="16 characters"
        secret={secret}
        change={setSecret}
        required={required}
      />
    );
  }
  showPart(<Field />);
  return () => now;
}
const field = () => screen.getByLabelText<HTMLInputElement>(/^Key/, { selector: 'input' });

it('hides what is typed until one asks to see it', async () => {
  const secret = showSecret({});
  expect(screen.getByText('16 characters')).toBeTruthy();
  await user.type(field(), 'hush');
  expect(secret()).toEqual({ set: false, typed: 'hush', removed: false });
  expect(field().type).toBe('password');
  await user.click(screen.getByRole('button', { name: 'Show Key' }));
  expect(field().type).toBe('text');
});

it('keeps one that is set unless something is typed, and never shows it', async () => {
  const secret = showSecret({ set: true });
  expect(field().value).toBe('');
  expect(screen.getByText(/stays unless something is typed/)).toBeTruthy();
  await user.type(field(), 'new');
  expect(secret()).toEqual({ set: true, typed: 'new', removed: false });
  expect(screen.queryByRole('button', { name: 'Remove Key' })).toBeNull();
});

it('removes one that is set, and keeps it after all', async () => {
  const secret = showSecret({ set: true });
  await user.click(screen.getByRole('button', { name: 'Remove Key' }));
  expect(secret().removed).toBe(true);
  expect(screen.getByText('It is removed when you save.')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Keep Key' }));
  expect(secret().removed).toBe(false);
});

it('cannot be removed where the channel needs it, and must be typed where there is none', () => {
  showSecret({ set: true }, true);
  expect(screen.queryByRole('button', { name: 'Remove Key' })).toBeNull();
  expect(field().required).toBe(false);
});

it('says that one is to be typed again that was not kept, until it is', async () => {
  showSecret({ lost: true });
  expect(screen.getByText(/Type it again/)).toBeTruthy();
  await user.type(field(), 'h');
  expect(screen.queryByText(/Type it again/)).toBeNull();
});
