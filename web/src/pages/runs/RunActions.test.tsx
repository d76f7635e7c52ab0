import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { runOf } from '../../data/runs';
import type { WireRun } from '../../data/wire';
import { json, problem, showLinked } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aRun } from '../../testing/samples';
import { RunActions } from './RunActions';

function showActions(fields: Partial<WireRun>, answers: Answers = {}) {
  return showLinked(<RunActions run={runOf(aRun(fields))} />, answers);
}

const more = async () => {
  await userEvent.click(await screen.findByRole('button', { name: 'More that can be done' }));
  return (await screen.findAllByRole('menuitem')).map((item) => item.textContent);
};

it('offers to stop what runs, and to run again what is over', async () => {
  const { unmount } = showActions({ state: 'running' });
  expect(await screen.findByRole('button', { name: 'Cancel…' })).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Run again…' })).toBeNull();
  expect(await more()).toEqual(['Restart from the beginning…', 'Reset…', 'Keep it, whatever retention says']);
  unmount();
  showActions({ state: 'succeeded' });
  expect(await screen.findByRole('button', { name: 'Run again…' })).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Cancel…' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Recover…' })).toBeNull();
});

it('asks before it cancels, and does nothing where one leaves it', async () => {
  const asked: string[] = [];
  showActions(
    { state: 'running' },
    {
      'POST /runs/01J9/cancel': ({ url }) => {
        asked.push(url.pathname);
        return json(aRun({ state: 'stopping' }));
      },
    },
  );
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel…' }));
  expect(await screen.findByText(/killed if it does not within its grace/)).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Leave it running' }));
  expect(asked).toEqual([]);
  await userEvent.click(screen.getByRole('button', { name: 'Cancel…' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel run' }));
  await expect.poll(() => asked).toHaveLength(1);
});

it('says why it could not be done', async () => {
  showActions(
    { state: 'running' },
    { 'POST /runs/01J9/cancel': () => problem(409, 'it has ended meanwhile') },
  );
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel…' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel run' }));
  expect(await screen.findByText('load-orders could not be cancelled')).toBeTruthy();
  expect(screen.getByText('it has ended meanwhile')).toBeTruthy();
});

it('keeps a run from retention, and leaves it to that again', async () => {
  const asked: string[] = [];
  const pinning = (name: string) => () => {
    asked.push(name);
    return json(aRun());
  };
  showActions(
    { state: 'failed', pinned: true },
    { 'POST /runs/01J9/unpin': pinning('unpin'), 'POST /runs/01J9/pin': pinning('pin') },
  );
  await more();
  await userEvent.click(screen.getByRole('menuitem', { name: 'Leave it to retention' }));
  await expect.poll(() => asked).toEqual(['unpin']);
});
