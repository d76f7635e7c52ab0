import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, problem, show, signedIn } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aRun } from '../../testing/samples';

const stored = {
  name: 'load',
  target: { virtual_server: 'etl' },
  job: { command: ['true'] },
  on_unavailable: 'recover',
  unavailable_after: '2m',
  version: 7,
  created_at: '2026-01-31T09:05:00Z',
  updated_at: '2026-01-31T09:05:00Z',
};

const fate = (more: object) => ({
  run: 'R1',
  task: 'load',
  attempt: 1,
  action: 'recover',
  after: '2m',
  checkpoint: { sequence: 3, name: 'cp3' },
  server: 'js-2',
  reason: 'the policy is recover',
  ...more,
});

function showWhatIf(answers: Answers = {}) {
  return show('/tasks/load?part=what-if', { ...signedIn, 'GET /tasks/load': () => json(stored), ...answers });
}

it('says in sentences what happens to the runs of the task', async () => {
  showWhatIf();
  expect(await screen.findByText(/^After 2 m, the run goes on from its last checkpoint/)).toBeTruthy();
  expect(await screen.findByText('None of its runs is on a server now.')).toBeTruthy();
});

it('asks each server that has open runs of the task once, and shows their fates alone', async () => {
  const asked: string[] = [];
  let wanted = '';
  showWhatIf({
    'GET /runs': ({ url }) => {
      if (url.searchParams.get('task') !== 'load') return page();
      wanted = url.searchParams.get('state') ?? '';
      return page(
        aRun({ id: 'R1', server: 'js-1' }),
        aRun({ id: 'R2', server: 'js-1' }),
        aRun({ id: 'R3', server: null }),
      );
    },
    'GET /servers/js-1/what-if': ({ url }) => {
      asked.push(url.pathname);
      return page(
        fate({}),
        fate({
          run: 'R2',
          action: 'wait',
          after: null,
          checkpoint: null,
          server: null,
          reason: 'no other server',
        }),
        fate({ run: 'R9', task: 'report' }),
      );
    },
  });
  const rows = within(await screen.findByRole('table', { name: 'If their servers died now' }))
    .getAllByRole('row')
    .slice(1);
  expect(rows.map((row) => within(row).getByRole('link').getAttribute('href'))).toEqual([
    '/runs/R1',
    '/runs/R2',
  ]);
  const [first, second] = rows as [HTMLElement, HTMLElement];
  expect(within(first).getByText('recover on js-2 from cp3, after 2 m 0 s')).toBeTruthy();
  expect(within(second).getByText('wait')).toBeTruthy();
  expect(within(second).getByText('no other server')).toBeTruthy();
  expect(wanted).toBe('starting,running,unknown,stopping');
  expect(asked).toHaveLength(1);
});

it('does not say that nothing runs while it does not know, and asks again where one wishes', async () => {
  let broken = true;
  showWhatIf({
    'GET /runs': ({ url }) =>
      url.searchParams.get('task') === 'load' ? page(aRun({ id: 'R1', server: 'js-1' })) : page(),
    'GET /servers/js-1/what-if': () => (broken ? problem(422, 'not now') : page(fate({}))),
  });
  expect(await screen.findByText('What would happen could not be read')).toBeTruthy();
  expect(screen.queryByText(/^None of its runs/)).toBeNull();
  broken = false;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByRole('link', { name: 'R1' })).toBeTruthy();
});

it('says that the runs could not be read', async () => {
  showWhatIf({ 'GET /runs': () => problem(422, 'not now') });
  expect(await screen.findByText('The runs could not be read')).toBeTruthy();
  expect(screen.queryByText(/^None of its runs/)).toBeNull();
});
