import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { showPart } from '../../testing/console';
import { StrandingDialog } from './StrandingDialog';

const move = { servers: ['js-1'], from: 'etl', to: null, position: null };
const user = userEvent.setup();

it('names the tasks that would be left, and goes on only where one says so', async () => {
  const answer = vi.fn();
  showPart(<StrandingDialog doubt={{ move, stranded: ['load', 'report'] }} answer={answer} />);
  const dialog = within(screen.getByRole('dialog', { name: 'Tasks would be left without a server' }));
  const tasks = dialog.getByRole('list', { name: 'Tasks that lose their last server' });
  expect(
    within(tasks)
      .getAllByRole('listitem')
      .map((item) => item.textContent),
  ).toEqual(['load', 'report']);
  await user.click(dialog.getByRole('button', { name: 'Leave it as it is' }));
  expect(answer).toHaveBeenLastCalledWith(false);
  await user.click(dialog.getByRole('button', { name: 'Move js-1 all the same' }));
  expect(answer).toHaveBeenLastCalledWith(true);
});

it('is left by Escape with nothing done', async () => {
  const answer = vi.fn();
  showPart(<StrandingDialog doubt={{ move, stranded: ['load'] }} answer={answer} />);
  await user.keyboard('{Escape}');
  expect(answer.mock.calls).toEqual([[false]]);
});

it('names ten tasks, and says how many more there are', () => {
  const stranded = Array.from({ length: 13 }, (_, n) => `task-${n}`);
  showPart(<StrandingDialog doubt={{ move, stranded }} answer={vi.fn()} />);
  expect(screen.getAllByRole('listitem')).toHaveLength(10);
  expect(screen.getByText('and 3 more')).toBeTruthy();
});

it('asks nothing while nothing is in doubt', () => {
  showPart(<StrandingDialog doubt={null} answer={vi.fn()} />);
  expect(screen.queryByRole('dialog')).toBeNull();
});
