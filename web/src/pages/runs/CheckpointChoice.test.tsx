import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { checkpointOf } from '../../data/checkpoints';
import { showPart } from '../../testing/console';
import { CheckpointChoice } from './CheckpointChoice';

const checkpoint = (sequence: number, instructions = '') =>
  checkpointOf({
    sequence,
    attempt: 1,
    name: `part ${sequence}`,
    label: '',
    instructions,
    step: 0,
    size: 2048,
    sha256: 'x',
    created_at: '2026-01-31T09:05:10Z',
  });

it('has the newest first, says what the job wrote for this case, and tells what is chosen', async () => {
  const choose = vi.fn();
  showPart(
    <CheckpointChoice
      checkpoints={[checkpoint(1), checkpoint(2, 'Mail the owner first.')]}
      chosen={2}
      choose={choose}
    />,
  );
  const all = screen.getAllByRole<HTMLInputElement>('radio');
  expect(all.map((card) => card.getAttribute('aria-label'))).toEqual(['checkpoint 2', 'checkpoint 1']);
  expect(all[0]?.textContent).toContain('2 · part 2 (the last)');
  expect(all[0]?.textContent).toContain('Mail the owner first.');
  expect(all[0]?.getAttribute('aria-checked')).toBe('true');
  await userEvent.click(all[1] as HTMLElement);
  expect(choose).toHaveBeenCalledWith(1);
});
