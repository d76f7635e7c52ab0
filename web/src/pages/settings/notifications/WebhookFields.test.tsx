import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, it } from 'vitest';

import { emptyChannel } from '../../../data/channels';
import type { ChannelDraft } from '../../../data/channels';
import { showPart } from '../../../testing/console';
import { WebhookFields } from './WebhookFields';

const user = userEvent.setup();

function showFields(first: Partial<ChannelDraft> = {}, faults: Record<string, string> = {}) {
  let now: ChannelDraft = { ...emptyChannel, ...first };
  function Fields() {
    const [draft, setDraft] = useState(now);
    now = draft;
    return (
      <WebhookFields
        draft={draft}
        change={(fields) => setDraft({ ...draft, ...fields })}
        wrong={(field) => faults[field]}
      />
    );
  }
  showPart(<Fields />);
  return () => now;
}

it('takes an address, a format and a key', async () => {
  const draft = showFields();
  await user.type(screen.getByLabelText(/^Address/, { selector: 'input' }), 'https://chat.example');
  await user.click(screen.getByRole('combobox', { name: 'Format' }));
  await user.click(await screen.findByRole('option', { name: /as Slack/ }));
  await user.type(screen.getByLabelText('Key of the signature'), 'sixteen letters!');
  expect(draft()).toMatchObject({
    url: { typed: 'https://chat.example' },
    format: 'slack',
    secret: { typed: 'sixteen letters!' },
  });
});

it('adds headers by name and value, and removes the one that is meant', async () => {
  const draft = showFields();
  expect(screen.getByText(/Some receivers want one/)).toBeTruthy();
  for (const name of ['X-One', 'X-Two']) {
    await user.click(screen.getByRole('button', { name: 'Add a header' }));
    await user.type(screen.getAllByLabelText('Header').at(-1) as HTMLElement, name);
  }
  await user.type(screen.getByLabelText(/^Value of X-Two/, { selector: 'input' }), 'hush');
  await user.click(screen.getByRole('button', { name: 'Remove the header X-One' }));
  expect(draft().headers.map(({ name, value }) => [name, value.typed])).toEqual([['X-Two', 'hush']]);
});

it('shows the name of a header that is set, whose value stays secret', () => {
  const value = { set: true, typed: '', removed: false };
  showFields({ headers: [{ key: 0, name: 'Authorization', value }] });
  expect(screen.getByText('Authorization')).toBeTruthy();
  expect(screen.queryByLabelText('Header')).toBeNull();
  const field = screen.getByLabelText<HTMLInputElement>(/^Value of Authorization/, { selector: 'input' });
  expect(field.value).toBe('');
});

it('says at each field what is wrong with it', () => {
  const value = { set: false, typed: '', removed: false };
  const faults = {
    'webhook.url': 'must begin with https://',
    'webhook.format': 'is not known',
    'webhook.secret': 'is too short',
    'webhook.headers.X-One': 'is too long',
  };
  showFields({ headers: [{ key: 0, name: 'X-One', value }] }, faults);
  for (const reason of Object.values(faults)) expect(screen.getByText(reason)).toBeTruthy();
});
