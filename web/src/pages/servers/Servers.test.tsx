import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { outcome, serverOf } from '../../data/servers';
import { json, page, show, signedIn } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aSample, aServer } from '../../testing/samples';
import { matches } from './Servers';
import { labelWords, labelsOf } from './SettingsDialog';

const js1 = aServer();
const js2 = aServer({
  name: 'js-2',
  status: 'draining',
  mode: 'draining',
  reason: 'new disk',
  rating: null,
  stars: null,
  load: null,
});
const two: Answers = { ...signedIn, 'GET /servers': () => page(js1, js2) };

it('shows each server with its state, rating, load and the reason of its mode', async () => {
  show('/servers', two);
  const rows = within(await screen.findByRole('table', { name: 'Job servers' })).getAllByRole('row');
  expect(within(rows[1] as HTMLElement).getByText('96.0')).toBeTruthy();
  expect(within(rows[1] as HTMLElement).getByText('1/4')).toBeTruthy();
  expect(within(rows[1] as HTMLElement).getByText('40 %')).toBeTruthy();
  expect(within(rows[2] as HTMLElement).getByText('draining')).toBeTruthy();
  expect(within(rows[2] as HTMLElement).getByText('new disk')).toBeTruthy();
});

it('keeps the filter and the view in the address', async () => {
  show('/servers?q=js-2&view=cards', two);
  expect(await screen.findByRole('article', { name: 'js-2' })).toBeTruthy();
  expect(screen.queryByRole('article', { name: 'js-1' })).toBeNull();
  const user = userEvent.setup();
  await user.clear(screen.getByRole('textbox', { name: 'Filter the servers' }));
  expect(await screen.findByRole('article', { name: 'js-1' })).toBeTruthy();
  await waitFor(() => expect(window.location.search).toBe('?view=cards'));
});

it('shows cards on a phone, and the table where one asks for it', async () => {
  vi.spyOn(window, 'matchMedia').mockImplementation((query) => {
    const matches = query === '(max-width: 48em)';
    return { matches, addEventListener: vi.fn(), removeEventListener: vi.fn() } as unknown as MediaQueryList;
  });
  show('/servers', two);
  expect(await screen.findByRole('article', { name: 'js-1' })).toBeTruthy();
  await userEvent.click(screen.getByRole('radio', { name: 'Table' }));
  expect(await screen.findByRole('table', { name: 'Job servers' })).toBeTruthy();
  expect(window.location.search).toBe('?view=table');
  vi.restoreAllMocks();
});

it('drains a server with a reason, and offers to take it back', async () => {
  const asked: unknown[] = [];
  show('/servers', {
    ...two,
    'POST /servers/js-1/drain': ({ body }) => {
      asked.push(['drain', body]);
      return json(aServer({ status: 'draining', mode: 'draining' }));
    },
    'POST /servers/js-1/activate': () => {
      asked.push(['activate']);
      return json(js1);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'What to do with js-1' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Drain…' }));
  await user.type(await screen.findByRole('textbox', { name: /Why/ }), 'new disk');
  await user.click(screen.getByRole('button', { name: 'Drain' }));
  await user.click(await screen.findByRole('button', { name: 'Undo' }));
  await waitFor(() => expect(asked).toEqual([['drain', { reason: 'new disk' }], ['activate']]));
});

it('declares dead only with a statement that is long enough, and shows what it does', async () => {
  let stated: unknown;
  show('/servers', {
    ...signedIn,
    'GET /servers': () => page(aServer({ status: 'unreachable', contact: 'unreachable' })),
    'GET /servers/js-1/what-if': () =>
      page({
        run: 'R',
        task: 'load',
        attempt: 1,
        action: 'recover',
        after: '2m',
        checkpoint: null,
        server: 'js-2',
        reason: 'policy',
      }),
    'POST /servers/js-1/declare-dead': ({ body }) => {
      stated = body;
      return json(js1);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'What to do with js-1' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Declare dead…' }));
  expect(await screen.findByText('recover on js-2 from the beginning, after 2 m 0 s')).toBeTruthy();
  const button = screen.getByRole('button', { name: 'Declare js-1 dead' });
  await user.type(screen.getByRole('textbox', { name: /How do you know/ }), 'burnt');
  expect(button.hasAttribute('disabled')).toBe(true);
  await user.type(screen.getByRole('textbox', { name: /How do you know/ }), ' down, seen it');
  await user.click(button);
  await waitFor(() => expect(stated).toEqual({ reason: 'burnt down, seen it' }));
});

it('gives one line to copy and shows the server that joins with it', async () => {
  let joined = false;
  show('/servers', {
    ...signedIn,
    'GET /servers': () => (joined ? page(js1, aServer({ name: 'js-9' })) : page(js1)),
    'POST /join-tokens': () => {
      joined = true;
      return json(
        { token: 't', name: 'js-9', expires_at: '2026-01-31T10:00:00Z', command: 'jobserver join --token t' },
        201,
      );
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Add a server' }));
  await user.click(await screen.findByRole('button', { name: 'Make the line' }));
  expect(await screen.findByText('jobserver join --token t')).toBeTruthy();
  expect(await screen.findByText(/js-9 has joined/, {}, { timeout: 8_000 })).toBeTruthy();
}, 15_000);

it('warns of a clock that is off and of silence on the page of a server', async () => {
  const silent = aServer({
    status: 'unreachable',
    load: aSample({ agent_clock: '2026-01-31T09:05:07Z' }),
    timers: {
      unreachable_since: '2026-01-31T09:05:05Z',
      unavailable_at: '2026-01-31T09:07:05Z',
      unavailable_since: null,
    },
  });
  show('/servers/js-1', {
    ...signedIn,
    'GET /servers/js-1': () => json(silent),
    'GET /servers/js-1/load': () => page(),
    'GET /servers/js-1/what-if': () => page(),
  });
  expect(await screen.findByText(/7\.0 s ahead of the conductor’s/)).toBeTruthy();
  expect(screen.getByText('It does not answer')).toBeTruthy();
});

it('finds servers by name, label, version, group or state', () => {
  const server = serverOf(aServer({ labels: { disk: 'fast' }, agent_version: '1.4.2' }));
  for (const text of ['js-1', 'disk=fast', '1.4', 'etl', '']) expect(matches(server, text, [])).toBe(true);
  expect(matches(server, 'tape', [])).toBe(false);
  expect(matches(server, '', ['draining'])).toBe(false);
  expect(matches(server, '', ['draining', 'online'])).toBe(true);
});

it('labels are words and words are labels', () => {
  const labels = { disk: 'fast', gpu: '', zone: 'a=b' };
  expect(labelsOf(labelWords(labels))).toEqual(labels);
});

it('says what would become of a run', () => {
  const answer = { run: 'R', task: 't', attempt: 1, checkpoint: 'cp3', reason: '' };
  expect(outcome({ ...answer, action: 'recover', afterMs: 120_000, server: 'js-2' })).toBe(
    'recover on js-2 from cp3, after 2 m 0 s',
  );
  expect(outcome({ ...answer, action: 'wait', afterMs: null, server: null })).toBe('wait');
});
