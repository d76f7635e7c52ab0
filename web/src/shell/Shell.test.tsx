import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { json, page, problem, show, signedIn } from '../testing/console';
import { aRun, aServer } from '../testing/samples';

it('asks for the token, says that it is wrong, and lets one in with the right one', async () => {
  let open = false;
  show('/', {
    ...signedIn,
    'GET /session': () => (open ? json({ by: 'admin' }) : problem(401, 'the session has ended')),
    'POST /session': () => {
      const first = !open;
      open = vi.mocked(fetch).mock.calls.filter(([, init]) => init?.method === 'POST').length > 1;
      return first && !open ? problem(401, 'the token is not valid') : json({ by: 'admin' }, 201);
    },
  });
  const user = userEvent.setup();
  await user.type(await screen.findByLabelText(/Token/), 'wrong');
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  expect(await screen.findByText('the token is not valid')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Sign in' }));
  expect(await screen.findByRole('heading', { name: 'Overview' })).toBeTruthy();
});

it('says what could not be read, and reads it when told to try again', async () => {
  let broken = true;
  show('/servers', {
    ...signedIn,
    'GET /servers': () => (broken ? problem(403, 'not for you') : page(aServer())),
  });
  expect(await screen.findByText('The servers could not be read')).toBeTruthy();
  expect(screen.getByText('not for you')).toBeTruthy();
  broken = false;
  await userEvent.setup().click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('table', { name: 'Job servers' })).toBeTruthy();
});

it('says that the connection is lost', async () => {
  show('/', { ...signedIn, 'GET /events': () => problem(503, 'busy') });
  expect(await screen.findByText('Connection lost, reconnecting')).toBeTruthy();
});

it('shows how much needs attention as a number that leads to the list', async () => {
  show('/servers', {
    ...signedIn,
    'GET /servers': () =>
      page(aServer({ status: 'unavailable' }), aServer({ name: 'js-2', status: 'unreachable' })),
  });
  const number = await screen.findByRole('link', { name: '2 things need attention' });
  expect(number.getAttribute('href')).toBe('/#attention');
});

it('jumps to a server by a part of its name, by keys alone', async () => {
  show('/servers', {
    ...signedIn,
    'GET /servers': () => page(aServer(), aServer({ name: 'warehouse-7' })),
    'GET /servers/warehouse-7': () => json(aServer({ name: 'warehouse-7' })),
  });
  await screen.findByRole('table', { name: 'Job servers' });
  const user = userEvent.setup();
  await user.keyboard('/');
  await user.type(await screen.findByRole('combobox', { name: 'Jump to' }), 'house{Enter}');
  expect(await screen.findByRole('heading', { level: 1, name: /warehouse-7/ })).toBeTruthy();
  expect(window.location.pathname).toBe('/servers/warehouse-7');
});

it('lists the shortcuts, and goes to a page by two keys', async () => {
  show('/', signedIn);
  await screen.findByRole('heading', { name: 'Overview' });
  const user = userEvent.setup();
  await user.keyboard('?');
  expect(await screen.findByRole('table', { name: 'Go to' })).toBeTruthy();
  await user.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('table', { name: 'Go to' })).toBeNull());
  await user.keyboard('gs');
  expect(await screen.findByRole('heading', { name: 'Servers' })).toBeTruthy();
});

it('leads back to signing in when the session has ended', async () => {
  let ended = false;
  show('/', {
    ...signedIn,
    'GET /session': () => (ended ? problem(401, 'the session has ended') : json({ by: 'admin' })),
    'GET /runs': () => {
      ended = true;
      return problem(401, 'the session has ended');
    },
  });
  expect(await screen.findByLabelText(/Token/)).toBeTruthy();
});

it('shows a run with its attempts, why it was placed, and its output', async () => {
  const output = {
    attempt: 1,
    offset: 0,
    next: 6,
    pieces: [{ at: '2026-01-31T09:05:00Z', stream: 'stdout', text: 'hello\n' }],
  };
  show('/runs/01J9', {
    ...signedIn,
    'GET /runs/01J9': () =>
      json(
        aRun({
          progress: { percent: 42, message: 'loading' },
          attempts: [
            {
              number: 1,
              server: 'js-1',
              state: 'running',
              reason: '',
              offered_at: '2026-01-31T09:05:00Z',
              started_at: '2026-01-31T09:05:00Z',
              ended_at: null,
              ground: null,
              exit: null,
              lease: null,
              log_bytes: 6,
              resumed_from: null,
              unavailable_after: null,
              placement: {
                at: '2026-01-31T09:05:00Z',
                chosen: 'js-1',
                need: { cpu: 1, memory: 0, slots: 1, source: 'assumed' },
                reason: 'js-1 has the highest rating',
                candidates: [
                  {
                    server: 'js-1',
                    rating: 96,
                    stars: 5,
                    sample_age_ms: 900,
                    slots: 4,
                    slots_used: 0,
                    runs: 0,
                    terms: [
                      {
                        indicator: 'cpu_idle',
                        value: 0.5,
                        min: 1,
                        max: 2,
                        relative: 0.5,
                        weight: 4,
                        penalty: 1.2,
                      },
                    ],
                  },
                  {
                    server: 'js-2',
                    refused: 'draining',
                    refused_because: 'it is draining',
                    rating: 0,
                    stars: 0,
                    sample_age_ms: -1,
                    slots: 4,
                    slots_used: 0,
                    runs: 0,
                  },
                ],
              },
            },
          ],
        }),
      ),
    'GET /runs/01J9/log': () =>
      new Response(`event: output\nid: 1:6\ndata: ${JSON.stringify(output)}\n\nevent: end\ndata: {}\n\n`),
  });
  expect(await screen.findByText('42 % loading')).toBeTruthy();
  expect(screen.getByText('js-1 has the highest rating')).toBeTruthy();
  const candidates = screen.getByRole('table', { name: 'Candidates' });
  expect(within(candidates).getByText('cpu_idle 0.5 (1.2)')).toBeTruthy();
  expect(within(candidates).getByText('it is draining')).toBeTruthy();
  await waitFor(() => expect(screen.getByText('1 line')).toBeTruthy());
  expect(screen.getByText('complete')).toBeTruthy();
});

it('says that there is no such run', async () => {
  show('/runs/none', signedIn);
  expect(await screen.findByText('The run could not be read')).toBeTruthy();
  expect(screen.getByText('there is nothing at /runs/none')).toBeTruthy();
});
