import { screen, waitFor } from '@testing-library/react';
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

it.each([
  ['nightl', 'plan', '/plans/nightly'],
  ['holi', 'calendar', '/settings/calendars/holidays'],
  ['retent', 'settings', '/settings/retention'],
  ['load-or', 'run …SS4A42, failed', '/runs/01M82ST88D054C08Z3NXSS4A42'],
])('finds by “%s” the %s', async (text, kind, path) => {
  show('/', {
    ...signedIn,
    'GET /plans': () => page({ name: 'nightly' }),
    'GET /calendars': () => page({ name: 'holidays', mode: 'except', timezone: '', entries: [] }),
    'GET /runs': ({ url }) =>
      url.searchParams.get('q') === 'load-or'
        ? page(aRun({ id: '01M82ST88D054C08Z3NXSS4A42', task: 'load-orders', state: 'failed' }))
        : page(),
  });
  await screen.findByRole('heading', { name: 'Overview' });
  const user = userEvent.setup();
  await user.keyboard('{Control>}k{/Control}');
  await user.type(await screen.findByRole('combobox', { name: 'Jump to' }), text);
  await screen.findByRole('option', { name: new RegExp(kind) });
  await user.keyboard('{Enter}');
  await waitFor(() => expect(window.location.pathname).toBe(path));
});

it('opens the list to jump in by a slash that is above another key', async () => {
  show('/', signedIn);
  await screen.findByRole('heading', { name: 'Overview' });
  await userEvent.setup().keyboard('{Shift>}/{/Shift}');
  expect(await screen.findByRole('combobox', { name: 'Jump to' })).toBeTruthy();
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
