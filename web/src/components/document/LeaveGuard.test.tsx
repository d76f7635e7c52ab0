import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { Link } from '@tanstack/react-router';
import { expect, it } from 'vitest';

import { showLinked } from '../../testing/console';
import { LeaveGuard } from './LeaveGuard';

async function showGuard(changed: boolean) {
  showLinked(
    <>
      <Link to="/runs">Away</Link>
      <LeaveGuard holds={() => changed} noun="task" />
    </>,
    {},
    '/tasks/load',
  );
  await userEvent.click(await screen.findByRole('link', { name: 'Away' }));
}

const dialog = () => screen.findByRole('dialog', { name: 'Leave without saving?' });

it('lets one go who has changed nothing', async () => {
  await showGuard(false);
  await waitFor(() => expect(window.location.pathname).toBe('/runs'));
  expect(screen.queryByRole('dialog')).toBeNull();
});

it('asks who has changed something, and stays where Esc or “Stay here” says so', async () => {
  await showGuard(true);
  expect((await dialog()).textContent).toContain('What you changed in this task is not saved');
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Stay here' })));
  await userEvent.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(window.location.pathname).toBe('/tasks/load');
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole('link', { name: 'Away' })));
  await userEvent.click(screen.getByRole('link', { name: 'Away' }));
  await dialog();
  await userEvent.click(screen.getByRole('button', { name: 'Stay here' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(window.location.pathname).toBe('/tasks/load');
});

it('leaves where one wants to all the same', async () => {
  await showGuard(true);
  await dialog();
  await userEvent.click(screen.getByRole('button', { name: 'Leave' }));
  await waitFor(() => expect(window.location.pathname).toBe('/runs'));
});

it('has the browser ask before the window is closed over changes, and only then', async () => {
  const closing = () => {
    const event = new Event('beforeunload', { cancelable: true });
    window.dispatchEvent(event);
    return event.defaultPrevented;
  };
  await showGuard(true);
  await dialog();
  expect(closing()).toBe(true);
});
