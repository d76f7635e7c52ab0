import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { showPart } from '../testing/console';
import { done, failed } from './notices';

it('says what was done, to who listens too, and can be dismissed', async () => {
  showPart(null);
  act(() => done('js-1 is drained'));
  expect((await screen.findByText('js-1 is drained')).closest('[role="alert"]')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
  await waitFor(() => expect(screen.queryByText('js-1 is drained')).toBeNull());
});

it('takes back once what can be taken back', async () => {
  const undo = vi.fn(() => Promise.resolve());
  showPart(null);
  act(() => done('js-1 is drained', undo));
  await userEvent.click(await screen.findByRole('button', { name: 'Undo' }));
  expect(undo).toHaveBeenCalledOnce();
  await waitFor(() => expect(screen.queryByText('js-1 is drained')).toBeNull());
});

it('says why it could not be taken back', async () => {
  showPart(null);
  act(() => done('js-1 is drained', () => Promise.reject(new Error('js-1 is gone'))));
  await userEvent.click(await screen.findByRole('button', { name: 'Undo' }));
  expect(await screen.findByText('It could not be undone')).toBeTruthy();
  expect(screen.getByText('js-1 is gone')).toBeTruthy();
});

it('says what could not be done, and why', async () => {
  showPart(null);
  act(() => failed('js-1 stays as it is', new Error('it is gone')));
  expect(await screen.findByText('js-1 stays as it is')).toBeTruthy();
  expect(screen.getByText('it is gone')).toBeTruthy();
});
