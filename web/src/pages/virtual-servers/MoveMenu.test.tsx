import { useQuery } from '@tanstack/react-query';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { virtualServers } from '../../data/virtualServers';
import { page, showLinked } from '../../testing/console';
import { aVirtualServer } from '../../testing/samples';
import { MoveMenu, nowhereElse } from './MoveMenu';
import { Selecting } from './selecting';

const user = userEvent.setup();

/** Opens the menu of js-1, with the groups etl, in which it is, and reports. */
async function openMenu(from: string | null, selected: string[] = ['js-1'], groups = ['etl', 'reports']) {
  const move = vi.fn().mockResolvedValue(undefined);
  function Known() {
    const { data } = useQuery(virtualServers);
    return data ? <MoveMenu server="js-1" from={from} move={move} /> : null;
  }
  const selecting = { selected: new Set(selected), toggle: vi.fn(), clear: vi.fn(), with: () => selected };
  showLinked(
    <Selecting value={selecting}>
      <Known />
    </Selecting>,
    {
      'GET /virtual-servers': () =>
        page(...groups.map((name) => aVirtualServer({ name, members: name === 'etl' ? ['js-1'] : [] }))),
    },
  );
  await user.click(await screen.findByRole('button', { name: /^What to do with js-1/ }));
  const menu = await screen.findByRole('menu');
  return { move, menu: within(menu), text: () => menu.textContent };
}

it.each([
  ['moves a member to another group', 'reports', 0, { from: 'etl', to: 'reports' }],
  ['adds a member to another group too', 'reports', 1, { from: null, to: 'reports' }],
  ['takes a member out', 'Take out of etl', 0, { from: 'etl', to: null }],
])('%s', async (_, name, place, there) => {
  const { move, menu } = await openMenu('etl');
  const entries = await menu.findAllByRole('menuitem', { name });
  await user.click(entries[place] as HTMLElement);
  expect(move.mock.calls).toEqual([[{ servers: ['js-1'], position: null, ...there }]]);
});

it('adds all that are selected, from the list of servers, where they are not all yet', async () => {
  const { move, menu, text } = await openMenu(null, ['js-1', 'js-2']);
  expect(text()).toContain('Add 2 servers to…');
  expect(menu.queryByRole('menuitem', { name: /Take out/ })).toBeNull();
  await user.click(menu.getByRole('menuitem', { name: 'etl' }));
  expect(move).toHaveBeenLastCalledWith({ servers: ['js-1', 'js-2'], from: null, to: 'etl', position: null });
});

it('says that there is no other group, and still leads to the page of the server', async () => {
  const { menu } = await openMenu('etl', ['js-1'], ['etl']);
  expect(menu.getByText('There is no other virtual server')).toBeTruthy();
  expect(menu.getByRole('menuitem', { name: 'Page of js-1' }).getAttribute('href')).toBe('/servers/js-1');
});

it.each([
  { groups: 0, from: null, servers: ['js-1'], says: 'There is no virtual server yet' },
  { groups: 1, from: 'etl', servers: ['js-1'], says: 'There is no other virtual server' },
  { groups: 1, from: null, servers: ['js-1'], says: 'js-1 is in every virtual server' },
  { groups: 2, from: 'etl', servers: ['js-1'], says: 'js-1 is in every virtual server' },
  { groups: 2, from: null, servers: ['js-1', 'js-2'], says: 'They are in every virtual server' },
])('knows why servers can go nowhere else: $says', ({ groups, from, servers, says }) => {
  expect(nowhereElse(groups, from, servers)).toBe(says);
});
