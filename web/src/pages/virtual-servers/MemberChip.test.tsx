import { DragDropProvider } from '@dnd-kit/react';
import { fireEvent, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';

import { showPart } from '../../testing/console';
import { MemberChip } from './MemberChip';
import type { Member } from './members';

const member: Member = {
  name: 'js-1',
  state: 'online',
  rating: { points: 96, stars: 5 },
  terms: [],
};

function showChip(fields: Partial<Member> = {}, counts: { place?: number; weight?: number } = {}) {
  const onKey = vi.fn();
  showPart(
    <DragDropProvider>
      <MemberChip
        group="etl"
        member={{ ...member, ...fields }}
        place={counts.place ?? null}
        weight={counts.weight ?? null}
        move={vi.fn()}
        onKey={onKey}
      />
    </DragDropProvider>,
  );
  return { chip: screen.getByRole('listitem'), onKey };
}

it('shows a member with its rating, lifts it by keys from its group, and has its menu', () => {
  const { chip, onKey } = showChip();
  expect(chip.textContent).toContain('js-1');
  fireEvent.keyDown(screen.getByRole('button', { name: 'Lift js-1' }), { key: ' ' });
  expect(onKey.mock.lastCall?.slice(1)).toEqual([['js-1'], 'etl']);
  expect(screen.getByRole('button', { name: 'What to do with js-1 in etl' })).toBeTruthy();
});

it('shows its place or its weight where that counts, and nothing of it where not', () => {
  expect(showChip().chip.textContent).not.toMatch(/×|^1\./);
});

it('shows its place and its weight', () => {
  const { chip } = showChip({}, { place: 2, weight: 1.5 });
  expect(chip.textContent).toContain('2.');
  expect(chip.textContent).toContain('×1.5');
});

it('shows the state of one that takes no runs in place of its rating', () => {
  expect(showChip({ state: 'unreachable' }).chip.textContent).toContain('unreachable');
});
