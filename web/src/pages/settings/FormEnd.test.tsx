import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { showPart } from '../../testing/console';
import { FormEnd, Rest } from './FormEnd';

it('sends its form by the word of its button, and gives up without sending it', async () => {
  const [close, sent] = [vi.fn(), vi.fn((event: { preventDefault: () => void }) => event.preventDefault())];
  showPart(
    <form onSubmit={sent}>
      <FormEnd rest={[]} saving={false} save="Create" close={close}>
        <button type="button">Delete…</button>
      </FormEnd>
    </form>,
  );
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Cancel' }));
  expect(close).toHaveBeenCalledTimes(1);
  expect(sent).not.toHaveBeenCalled();
  await user.click(screen.getByRole('button', { name: 'Create' }));
  expect(sent).toHaveBeenCalledTimes(1);
  expect(screen.getByRole('button', { name: 'Delete…' })).toBeTruthy();
});

it('cannot be sent twice while it saves', () => {
  showPart(<FormEnd rest={[]} saving save="Save" close={vi.fn()} />);
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Save' }).disabled).toBe(true);
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Cancel' }).disabled).toBe(false);
});

it('says each thing that is wrong with the whole, and nothing where nothing is', () => {
  const { unmount } = showPart(<Rest lines={['colour is not known.', 'It was changed meanwhile.']} />);
  const alert = screen.getByRole('alert', { name: 'It could not be saved' });
  expect(alert.textContent).toContain('colour is not known.');
  expect(alert.textContent).toContain('It was changed meanwhile.');
  unmount();
  showPart(<Rest lines={[]} />);
  expect(screen.queryByRole('alert')).toBeNull();
});
