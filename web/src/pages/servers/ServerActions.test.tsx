import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { serverOf } from '../../data/servers';
import type { WireServer } from '../../data/wire';
import { page, showLinked } from '../../testing/console';
import { aServer } from '../../testing/samples';
import { ServerActions } from './ServerActions';

async function open(fields: Partial<WireServer>) {
  showLinked(<ServerActions server={serverOf(aServer(fields))} />, {
    'GET /servers/js-1/what-if': () => page(),
  });
  await userEvent.click(await screen.findByRole('button', { name: 'What to do with js-1' }));
  return (await screen.findAllByRole('menuitem')).map((item) => item.textContent);
}

it('offers what its mode and its state allow', async () => {
  const online = await open({});
  expect(online).toContain('Drain…');
  expect(online).toContain('Disable…');
  expect(online).not.toContain('Activate');
  expect(online).not.toContain('Declare dead…');
});

it('offers a draining server to be activated, and a silent one to be declared dead', async () => {
  const silent = await open({ mode: 'draining', status: 'unreachable' });
  expect(silent).toContain('Activate');
  expect(silent).not.toContain('Drain…');
  expect(silent).toContain('Declare dead…');
  await userEvent.click(screen.getByRole('menuitem', { name: 'Declare dead…' }));
  expect(await screen.findByRole('dialog', { name: 'Declare js-1 dead' })).toBeTruthy();
});
