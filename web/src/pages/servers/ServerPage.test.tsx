import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, problem, show, signedIn } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aServer } from '../../testing/samples';

function showServer(answers: Answers) {
  return show('/servers/js-1', {
    ...signedIn,
    'GET /servers/js-1/load': () => page(),
    'GET /servers/js-1/what-if': () => page(),
    ...answers,
  });
}

it('says what the server is, where it belongs, and what runs and would happen there', async () => {
  showServer({
    'GET /servers/js-1': () =>
      json(aServer({ description: 'the big one', power: 2, virtual_servers: ['etl', 'reports'] })),
  });
  expect(await screen.findByText('the big one')).toBeTruthy();
  expect(screen.getByText('1 of 4 in use')).toBeTruthy();
  expect(screen.getByText('4, power 2')).toBeTruthy();
  expect(screen.getByText('2 m 0 s of silence')).toBeTruthy();
  expect(screen.getByRole('link', { name: 'reports' }).getAttribute('href')).toBe(
    '/virtual-servers?show=reports',
  );
  expect(await screen.findByText('Nothing runs there.')).toBeTruthy();
  expect(await screen.findByText(/so nothing would happen/)).toBeTruthy();
  expect(document.title).toBe('js-1 · Segno');
  expect(screen.queryByRole('alert')).toBeNull();
});

it('keeps the period of its charts in the address, and asks for that', async () => {
  const from: number[] = [];
  showServer({
    'GET /servers/js-1': () => json(aServer()),
    'GET /servers/js-1/load': ({ url }) => {
      from.push(Date.now() - Date.parse(url.searchParams.get('from') ?? ''));
      return page();
    },
  });
  const periods = within(await screen.findByRole('radiogroup', { name: 'Period' }));
  await userEvent.click(periods.getByText('24 h'));
  await expect.poll(() => window.location.search).toBe('?minutes=1440');
  await expect.poll(() => Math.round((from.at(-1) ?? 0) / 3_600_000)).toBe(24);
});

it('warns of a quarantine, and says that there is no such server', async () => {
  const { unmount } = showServer({
    'GET /servers/js-1': () => json(aServer({ quarantine: 'three jobs could not be started' })),
  });
  expect(await screen.findByText(/^three jobs could not be started\. It takes no runs/)).toBeTruthy();
  unmount();
  showServer({ 'GET /servers/js-1': () => problem(404, 'there is no server js-1') });
  expect(await screen.findByText('The server could not be read')).toBeTruthy();
  expect(screen.getByText('there is no server js-1')).toBeTruthy();
});
