import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { archiveVersionOf } from '../../../data/archives';
import { json, nothing, problem, showLinked } from '../../../testing/console';
import type { Answers } from '../../../testing/console';
import { anArchiveVersion } from '../../../testing/samples';
import { DeleteVersion } from './DeleteVersion';

const none = { count: 0, newest: [] };
const unneeded = { tasks: [], open_runs: none, recoverable_runs: none, servers: [] };

function ask(needs: unknown, remove: () => Response = nothing, last = false) {
  const asked: string[] = [];
  const answers: Answers = {
    'GET /archives/load/versions/1.0/needs': () => json(needs),
    'DELETE /archives/load/versions/1.0': ({ url }) => {
      asked.push(url.search);
      return remove();
    },
  };
  const version = archiveVersionOf(anArchiveVersion());
  showLinked(<DeleteVersion version={version} last={last} close={() => undefined} />, answers);
  return asked;
}

const button = { name: 'Delete version 1.0' };

it('deletes a version that nothing needs', async () => {
  const asked = ask(unneeded);
  expect(await screen.findByText('No task names it, and no run needs it.')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', button));
  await waitFor(() => expect(asked).toEqual(['']));
  expect(await screen.findByText('Version 1.0 of load is deleted')).toBeTruthy();
});

it.each([
  ['a task', { ...unneeded, tasks: ['nightly'] }, 'A task needs it'],
  ['an open run', { ...unneeded, open_runs: { count: 2, newest: ['01B', '01A'] } }, /^2 runs with it/],
])('does not offer to delete what %s needs, and says why', async (_, needs, words) => {
  ask(needs);
  expect(await screen.findByText(words)).toBeTruthy();
  expect(screen.queryByRole('button', button)).toBeNull();
});

it('has what failed runs need deleted only after a word on what is lost, and by force then', async () => {
  const asked = ask({ ...unneeded, recoverable_runs: { count: 1, newest: ['01A'] } });
  expect((await screen.findByRole('link', { name: '01A' })).getAttribute('href')).toBe('/runs/01A');
  expect(screen.getByRole<HTMLButtonElement>('button', button).disabled).toBe(true);
  await userEvent.click(screen.getByRole('checkbox', { name: /Delete it all the same/ }));
  await userEvent.click(screen.getByRole('button', button));
  await waitFor(() => expect(asked).toEqual(['?force=true']));
});

it('says that the archive goes with its last version, and why it was refused meanwhile', async () => {
  ask(unneeded, () => problem(409, 'task "late" needs it'), true);
  expect(await screen.findByText(/It is the last version/)).toBeTruthy();
  await userEvent.click(screen.getByRole('button', button));
  expect(await screen.findByText('task "late" needs it')).toBeTruthy();
});
