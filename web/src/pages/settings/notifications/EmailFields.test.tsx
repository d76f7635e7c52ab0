import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, it } from 'vitest';

import { emptyChannel } from '../../../data/channels';
import type { ChannelDraft } from '../../../data/channels';
import { showPart } from '../../../testing/console';
import { EmailFields } from './EmailFields';

const user = userEvent.setup();

function showFields(faults: Record<string, string> = {}) {
  let now: ChannelDraft = { ...emptyChannel, kind: 'email' };
  function Fields() {
    const [draft, setDraft] = useState(now);
    now = draft;
    return (
      <EmailFields
        draft={draft}
        change={(fields) => setDraft({ ...draft, ...fields })}
        wrong={(field) => faults[field]}
      />
    );
  }
  showPart(<Fields />);
  return () => now;
}

it('takes the server, the login and the addresses', async () => {
  const draft = showFields();
  await user.type(screen.getByLabelText(/^SMTP server/), 'smtp.example.com');
  await user.type(screen.getByLabelText('Port'), '2525');
  await user.type(screen.getByLabelText('User name'), 'segno');
  await user.type(screen.getByLabelText('Password'), 'hush');
  await user.type(screen.getByLabelText(/^From/), 'segno@example.com');
  await user.type(screen.getByLabelText(/^To/, { selector: 'input' }), 'a@example.com,b@example.com{Enter}');
  expect(draft()).toMatchObject({
    host: 'smtp.example.com',
    port: 2525,
    username: 'segno',
    password: { typed: 'hush' },
    from: 'segno@example.com',
    to: ['a@example.com', 'b@example.com'],
  });
});

it('names the usual port of each security, which is taken where none is given', async () => {
  const draft = showFields();
  const port = () => screen.getByLabelText<HTMLInputElement>('Port');
  expect(port().placeholder).toBe('587');
  await user.click(screen.getByRole('combobox', { name: 'Security' }));
  await user.click(await screen.findByRole('option', { name: 'TLS from the first byte' }));
  expect(port().placeholder).toBe('465');
  await user.type(port(), '1');
  await user.clear(port());
  expect(draft()).toMatchObject({ security: 'tls', port: null });
});

it('says at each field what is wrong with it', () => {
  const fields = ['host', 'security', 'port', 'username', 'password', 'from', 'to'];
  showFields(Object.fromEntries(fields.map((field) => [`email.${field}`, `${field} is wrong`])));
  for (const field of fields) expect(screen.getByText(`${field} is wrong`)).toBeTruthy();
});
