import { Menu } from '@mantine/core';
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { showPart } from '../testing/console';
import { LateMenu } from './LateMenu';

const label = 'What to do with js-1';

it('makes its entries when it is opened, does what one chooses, and gives the focus back', async () => {
  const chosen = vi.fn();
  const entries = vi.fn(() => <Menu.Item onClick={chosen}>Drain</Menu.Item>);
  showPart(<LateMenu label={label}>{entries}</LateMenu>);
  const button = screen.getByRole('button', { name: label });
  expect(button.getAttribute('aria-expanded')).toBe('false');
  expect(entries).not.toHaveBeenCalled();
  const user = userEvent.setup();
  await user.click(button);
  expect(await screen.findByRole('menu', { name: label })).toBeTruthy();
  expect(button.getAttribute('aria-expanded')).toBe('true');
  await user.click(screen.getByRole('menuitem', { name: 'Drain' }));
  expect(chosen).toHaveBeenCalledOnce();
  await waitFor(() => expect(screen.queryByRole('menu')).toBeNull());
  await waitFor(() => expect(document.activeElement).toBe(button));
});

it('opens by keyboard, the first time and again, and Esc closes it', async () => {
  showPart(<LateMenu label={label}>{() => <Menu.Item>Drain</Menu.Item>}</LateMenu>);
  const user = userEvent.setup();
  const button = screen.getByRole('button', { name: label });
  for (let time = 1; time <= 2; time++) {
    button.focus();
    await user.keyboard('{Enter}');
    await screen.findByRole('menu');
    await user.keyboard('{ArrowDown}');
    expect(document.activeElement).toBe(screen.getByRole('menuitem', { name: 'Drain' }));
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('menu')).toBeNull());
    await waitFor(() => expect(document.activeElement).toBe(button));
  }
});
