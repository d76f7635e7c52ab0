import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { showPart } from '../../testing/console';
import { DeleteButton } from './DeleteButton';

const user = userEvent.setup();

it('deletes at the second press, which names what goes', async () => {
  const act = vi.fn();
  showPart(<DeleteButton name="chat" deleting={false} act={act} />);
  await user.click(screen.getByRole('button', { name: 'Delete…' }));
  expect(act).not.toHaveBeenCalled();
  await user.click(screen.getByRole('button', { name: 'Delete chat for good' }));
  expect(act).toHaveBeenCalledTimes(1);
});

it('takes the first press back once one leaves it', async () => {
  const act = vi.fn();
  showPart(<DeleteButton name="chat" deleting={false} act={act} />);
  await user.click(screen.getByRole('button', { name: 'Delete…' }));
  await user.tab();
  expect(screen.getByRole('button', { name: 'Delete…' })).toBeTruthy();
  expect(act).not.toHaveBeenCalled();
});

it('cannot be pressed again while it deletes', () => {
  const act = vi.fn();
  showPart(<DeleteButton name="chat" deleting act={act} />);
  expect(screen.getByRole<HTMLButtonElement>('button').disabled).toBe(true);
});
