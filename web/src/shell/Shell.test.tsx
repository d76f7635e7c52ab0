import { screen, within } from '@testing-library/react';
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
  expect(await screen.findByRole('heading', { name: 'Job servers' })).toBeTruthy();
});

it('says what to do where there is nothing yet', async () => {
  show('/', signedIn);
  expect(await screen.findByText(/No job server has joined yet/)).toBeTruthy();
  expect(await screen.findByText(/There is no virtual server yet/)).toBeTruthy();
  expect(await screen.findByText(/Nothing has run yet/)).toBeTruthy();
});

it('shows servers, groups and runs with their states', async () => {
  show('/', {
    ...signedIn,
    'GET /servers': () =>
      page(
        aServer(),
        aServer({ name: 'js-2', status: 'draining', reason: 'new disk', rating: null, stars: null }),
      ),
    'GET /virtual-servers': () => page({ name: 'etl', members: ['js-1', 'js-2'] }),
    'GET /runs': () => page(aRun({ state: 'queued', server: null, reason: 'no member is eligible' })),
  });
  const servers = await screen.findByRole('table', { name: 'Job servers' });
  expect(within(servers).getByText('96.0')).toBeTruthy();
  expect(within(servers).getAllByText('1/4')).toHaveLength(2);
  expect(within(servers).getByText('draining')).toBeTruthy();
  expect(within(servers).getByText('new disk')).toBeTruthy();
  const group = await screen.findByRole('article', { name: 'etl' });
  expect(within(group).getByText('js-2')).toBeTruthy();
  const runs = await screen.findByRole('table', { name: 'Newest runs' });
  expect(within(runs).getByText('queued')).toBeTruthy();
  expect(within(runs).getByText('no member is eligible')).toBeTruthy();
});

it('says what could not be read, and reads it when told to try again', async () => {
  let broken = true;
  show('/', { ...signedIn, 'GET /servers': () => (broken ? problem(403, 'not for you') : page(aServer())) });
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
