import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { showPart } from '../testing/console';
import { Hovering } from './Hovering';

it('makes its card while a pointer rests on it, and Esc takes the card away', async () => {
  const card = vi.fn(() => <p>costs 4.0</p>);
  showPart(<Hovering card={card}>96.0</Hovering>);
  const user = userEvent.setup();
  expect(card).not.toHaveBeenCalled();
  await user.hover(screen.getByText('96.0'));
  await user.hover(await screen.findByText('costs 4.0'));
  await user.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByText('costs 4.0')).toBeNull());
});

it('shows its card to who comes to it by keyboard, and says that it is about that', async () => {
  showPart(<Hovering card={() => <p>costs 4.0</p>}>96.0</Hovering>);
  const user = userEvent.setup();
  await user.tab();
  expect(document.activeElement?.textContent).toContain('96.0');
  expect((await screen.findByRole('tooltip')).textContent).toBe('costs 4.0');
  expect(document.activeElement?.getAttribute('aria-describedby')).toBe(screen.getByRole('tooltip').id);
  await user.tab();
  await waitFor(() => expect(screen.queryByText('costs 4.0')).toBeNull());
});

it('shows its card upon a tap', async () => {
  showPart(<Hovering card={() => <p>costs 4.0</p>}>96.0</Hovering>);
  await userEvent.setup().pointer({ keys: '[TouchA]', target: screen.getByText('96.0') });
  expect(await screen.findByText('costs 4.0')).toBeTruthy();
});

it('leaves the card while the pointer goes over to it, and closes it once the pointer is gone', async () => {
  showPart(<Hovering card={() => <p>costs 4.0</p>}>96.0</Hovering>);
  const user = userEvent.setup();
  await user.hover(screen.getByText('96.0'));
  const card = await screen.findByText('costs 4.0');
  await user.hover(card);
  await new Promise((resolve) => setTimeout(resolve, 300)); // Longer than it takes to close.
  expect(screen.getByText('costs 4.0')).toBeTruthy();
  await user.unhover(card);
  await waitFor(() => expect(screen.queryByText('costs 4.0')).toBeNull());
});
