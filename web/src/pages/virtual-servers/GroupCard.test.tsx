import { DragDropProvider } from '@dnd-kit/react';
import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { virtualServerOf } from '../../data/virtualServers';
import type { Standing } from '../../data/virtualServers';
import { showPart } from '../../testing/console';
import { aVirtualServer } from '../../testing/samples';
import { CarryStore, Carrying } from './carry';
import { GroupCard, nextText } from './GroupCard';
import type { Member } from './members';

const members = (many: number): Member[] =>
  Array.from({ length: many }, (_, n) => ({ name: `js-${n + 1}`, state: 'online', rating: null, terms: [] }));
const standing: Standing = {
  taking: 1,
  used: 3,
  slots: 8,
  next: { chosen: 'js-1', reason: 'js-1 was chosen: it is best' },
  queued: 2,
  queuedMore: true,
  verdicts: {},
};

function showGroup(fields: Parameters<typeof aVirtualServer>[0] = {}, shown = members(1), known = standing) {
  const [edit, store] = [vi.fn(), new CarryStore()];
  const group = virtualServerOf(aVirtualServer({ members: shown.map(({ name }) => name), ...fields }));
  showPart(
    <Carrying value={store}>
      <DragDropProvider>
        <GroupCard
          group={group}
          members={shown}
          standing={known}
          wanted={false}
          move={vi.fn()}
          onKey={vi.fn()}
          edit={edit}
        />
      </DragDropProvider>
    </Carrying>,
  );
  return { edit, store, group, card: within(screen.getByRole('article', { name: group.name })) };
}

it('says what a group is for, what it can take and where the next run would go', () => {
  const { card } = showGroup({ description: 'loads', inactive: true, selection: 'least-running' });
  for (const text of ['loads', 'takes no runs', 'least-running', '1 of 1 take runs · 3/8 slots']) {
    expect(card.getByText(text)).toBeTruthy();
  }
  expect(card.getByText('The next run would go to js-1: it is best · 2 or more waiting')).toBeTruthy();
});

it('is edited from its card', async () => {
  const { edit, group, card } = showGroup();
  await userEvent.click(card.getByRole('button', { name: 'Edit etl' }));
  expect(edit).toHaveBeenCalledWith(group);
});

it('invites servers where it has none', () => {
  expect(showGroup({}, []).card.getByText('No members yet: drop servers here.')).toBeTruthy();
});

it('shows so many members, and the others when one asks', async () => {
  const { card } = showGroup({}, members(30));
  expect(card.getAllByRole('button', { name: /^Lift/ })).toHaveLength(24);
  await userEvent.click(card.getByRole('button', { name: 'and 6 more' }));
  expect(card.getAllByRole('button', { name: /^Lift/ })).toHaveLength(30);
  await userEvent.click(card.getByRole('button', { name: 'Show fewer' }));
  expect(card.getAllByRole('button', { name: /^Lift/ })).toHaveLength(24);
});

it('numbers its members where their order counts', () => {
  const { card } = showGroup({ selection: 'priority' }, members(2));
  const text = card.getByRole('list', { name: 'Members of etl' }).textContent;
  expect(text).toMatch(/1\.js-1.*2\.js-2/);
});

it('says what a drop would mean only while servers are held over it', () => {
  const { card, store } = showGroup();
  act(() => store.lift(['js-9'], null, 'keyboard', { over: { group: 'other', position: null } }));
  expect(card.queryByText(/Nothing would change|Drop/)).toBeNull();
  act(() => store.hold({ group: 'etl', position: null }));
  expect(card.getByText(/Nothing would change|Drop/)).toBeTruthy();
});

it.each([
  [{ ...standing, queued: 0 }, 'The next run would go to js-1: it is best'],
  [{ ...standing, next: null, queued: 0 }, 'A run would wait: there is no member'],
])('says where the next run would go: case %#', (known, words) => {
  expect(nextText(known)).toBe(words);
});
