import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, problem, show, signedIn } from '../../../testing/console';
import type { Answers } from '../../../testing/console';

const aDeed = (fields: object = {}) => ({
  id: 7,
  at: '2026-01-31T09:05:00.000Z',
  by: 'admin',
  from: '10.0.0.7',
  act: 'declareServerDead',
  subject: 'servers/js-1',
  reason: 'it burnt down',
  request: { reason: 'it burnt down' },
  outcome: 'done',
  ...fields,
});

/** Shows the log at an address. Returns what was asked for, the newest last. */
function showAudit(search: string, answers: Answers = {}) {
  const asked: URLSearchParams[] = [];
  const log = answers['GET /audit'] ?? (() => page(aDeed()));
  show(`/settings/audit${search}`, {
    ...signedIn,
    ...answers,
    'GET /audit': (request) => {
      asked.push(request.url.searchParams);
      return log(request);
    },
  });
  return asked;
}

const rows = async () =>
  within(await screen.findByRole('table', { name: 'Audit log' }))
    .getAllByRole('row')
    .slice(1);

it('says who did what to what, when, from where and why, and leads there', async () => {
  showAudit('');
  const [row] = await rows();
  const cells = within(row as HTMLElement);
  for (const text of ['admin', '10.0.0.7', 'declare server dead', 'it burnt down', 'done']) {
    expect(cells.getByText(text)).toBeTruthy();
  }
  expect(cells.getByRole('link', { name: 'servers/js-1' }).getAttribute('href')).toBe('/servers/js-1');
  expect(row?.querySelector('time')?.title).toContain('2026-01-31 09:05:00 UTC');
  expect(row?.querySelector('details')?.textContent).toContain('"reason": "it burnt down"');
});

it('says why something was refused', async () => {
  showAudit('', { 'GET /audit': () => page(aDeed({ outcome: 'the server js-1 answers', request: null })) });
  const [row] = await rows();
  expect(within(row as HTMLElement).getByText('refused: the server js-1 answers')).toBeTruthy();
  expect(row?.querySelector('details')).toBeNull();
});

it('asks for what stands in the address, and keeps there what one chooses', async () => {
  const asked = showAudit('?by=admin&since=24h');
  await rows();
  expect(asked.at(-1)?.get('by')).toBe('admin');
  const since = Date.parse(asked.at(-1)?.get('since') ?? '');
  expect(Math.abs(Date.now() - since - 86_400_000)).toBeLessThan(120_000);
  const user = userEvent.setup();
  await user.type(screen.getByRole('textbox', { name: 'To what' }), 'servers/js-1');
  await waitFor(() => expect(asked.at(-1)?.get('subject')).toBe('servers/js-1'));
  await user.click(screen.getByRole('combobox', { name: 'What was done' }));
  await user.click(await screen.findByRole('option', { name: 'drain server' }));
  await waitFor(() => expect(asked.at(-1)?.get('act')).toBe('drainServer'));
  expect(window.location.search).toBe('?by=admin&since=24h&subject=servers%2Fjs-1&act=drainServer');
  await user.click(screen.getByRole('button', { name: 'Clear' }));
  await waitFor(() => expect(window.location.search).toBe(''));
  await waitFor(() => expect([...(asked.at(-1) ?? [])]).toEqual([['limit', '50']]));
});

it('reads older ones a page at a time', async () => {
  showAudit('', {
    'GET /audit': ({ url }) =>
      url.searchParams.get('cursor') === 'older'
        ? page(aDeed({ id: 1, subject: 'servers/js-9' }))
        : json({ items: [aDeed()], next_cursor: 'older' }),
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Show older ones' }));
  expect(await screen.findByRole('link', { name: 'servers/js-9' })).toBeTruthy();
  expect(await rows()).toHaveLength(2);
  expect(screen.queryByRole('button', { name: 'Show older ones' })).toBeNull();
});

it('says that there is nothing, that nothing is as asked for, and that it could not be read', async () => {
  const { unmount } = show('/settings/audit', { ...signedIn, 'GET /audit': () => page() });
  expect(await screen.findByText(/^Nothing was done yet/)).toBeTruthy();
  unmount();
  const other = show('/settings/audit?by=nobody', { ...signedIn, 'GET /audit': () => page() });
  expect(await screen.findByText('Nothing of that kind was done.')).toBeTruthy();
  other.unmount();
  show('/settings/audit', { ...signedIn, 'GET /audit': () => problem(422, 'until must be after since') });
  expect(await screen.findByText('The audit log could not be read')).toBeTruthy();
  expect(screen.getByText('until must be after since')).toBeTruthy();
});
