import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { json, page, showLinked } from '../../testing/console';
import { aServer, aSummary } from '../../testing/samples';
import { Numbers } from './Numbers';

const servers = () =>
  page(
    aServer({ slots: 4, slots_used: 3 }),
    aServer({ name: 'js-2', status: 'unavailable', slots: 8, slots_used: 0 }),
  );
const open_runs = { queued: 0, starting: 0, running: 0, unknown: 0, stopping: 0 };

it('says how many servers are online, how many slots are in use, and how many runs wait for how long', async () => {
  const oldest = new Date(Date.now() - 3_600_000).toISOString();
  showLinked(<Numbers />, {
    'GET /servers': servers,
    'GET /summary': () =>
      json(aSummary({ open_runs: { ...open_runs, queued: 2_500 }, oldest_queued_at: oldest })),
  });
  expect((await screen.findByRole('link', { name: /Servers online/ })).textContent).toContain('1 of 2');
  expect(screen.getByRole('link', { name: /Slots in use/ }).textContent).toContain('3 of 12');
  const waiting = await screen.findByRole('link', { name: /Waiting.*2,500.*the oldest for 1 h/ });
  expect(waiting.getAttribute('href')).toBe('/runs?state=queued');
});

it('says how many servers are in which other state, and nothing of states without any', async () => {
  const none = { online: 0, draining: 0, disabled: 0, unreachable: 0, unavailable: 0, never_seen: 0 };
  showLinked(<Numbers />, {
    'GET /servers': servers,
    'GET /summary': () => json(aSummary({ servers: { ...none, online: 1, draining: 2, unavailable: 1 } })),
  });
  const figure = await screen.findByRole('link', { name: /Servers online.*2 draining/ });
  expect(figure.textContent).toContain('1 unavailable');
  expect(figure.textContent).not.toContain('disabled');
});

it('says that nothing waits, and does not guess before that is known', async () => {
  let answer: (response: Response) => void = () => undefined;
  showLinked(<Numbers />, {
    'GET /servers': servers,
    'GET /summary': () => new Promise((resolve) => (answer = resolve)),
  });
  expect((await screen.findByRole('link', { name: /Waiting/ })).textContent).toContain('…');
  answer(json(aSummary()));
  expect(await screen.findByRole('link', { name: /Waiting.*0.*nothing waits/ })).toBeTruthy();
});
