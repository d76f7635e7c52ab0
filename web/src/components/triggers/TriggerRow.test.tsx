import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';

import { triggerOf } from '../../data/triggers';
import type { Owner } from '../../data/triggers';
import type { WireTrigger } from '../../data/wire';
import { json, nothing, page, showLinked } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aTrigger } from '../../testing/samples';
import { TriggerRow } from './TriggerRow';

const owner: Owner = { kind: 'task', name: 'load' };

async function showRow(fields: Partial<WireTrigger> = {}, answers: Answers = {}) {
  const edit = vi.fn();
  const secrets = vi.fn();
  const trigger = triggerOf(aTrigger({ name: 'hourly', kind: 'every', every: '1h', ...fields }));
  showLinked(
    <ul>
      <TriggerRow owner={owner} trigger={trigger} edit={edit} secrets={secrets} />
    </ul>,
    answers,
  );
  return { row: within(await screen.findByRole('listitem')), edit, secrets };
}

async function act(name: string) {
  await userEvent.click(screen.getByRole('button', { name: 'What can be done with hourly' }));
  await userEvent.click(await screen.findByRole('menuitem', { name }));
}

const fired = {
  decided_at: '2026-01-31T09:00:00Z',
  event: null,
  plan: null,
  reason: '',
  run: '01J9',
  scheduled_for: '2026-01-31T09:00:00Z',
  task: 'load',
  trigger: 'hourly',
};

it('says in words when it starts what, and leads to the run that it started last', async () => {
  const { row } = await showRow({ description: 'loads the orders', last: fired });
  expect(row.getByText(/^every 1h/)).toBeTruthy();
  expect(row.getByText('loads the orders')).toBeTruthy();
  expect(row.getByRole('link').getAttribute('href')).toBe('/runs/01J9');
});

it('tells of one that has never fired, and why one was skipped', async () => {
  const { row } = await showRow({ last: null });
  expect(row.getByText('never')).toBeTruthy();
});

it('tells on hovering why the last time was skipped', async () => {
  const { row } = await showRow({ last: { ...fired, run: null, reason: 'load was busy' } });
  expect(row.getByTitle('load was busy').textContent).toContain('skipped');
});

it('says who paused it, and offers to resume it', async () => {
  let resumed = 0;
  const pause: WireTrigger['pause'] = {
    level: 'trigger',
    task: 'load',
    plan: null,
    reason: 'the disk is full',
    by: 'ops',
    at: '2026-01-31T08:00:00Z',
  };
  const { row } = await showRow(
    { pause },
    {
      'POST /tasks/load/triggers/hourly/resume': () => {
        resumed++;
        return json(aTrigger());
      },
    },
  );
  expect(row.getByText(/^paused by ops, .*: the disk is full$/)).toBeTruthy();
  await act('Resume');
  await waitFor(() => expect(resumed).toBe(1));
});

it('says of one that is held up by a pause of all that it is', async () => {
  const { row } = await showRow({
    pause: { level: 'all', task: null, plan: null, reason: '', by: 'ops', at: '2026-01-31T08:00:00Z' },
  });
  expect(row.getByText('paused for all there is')).toBeTruthy();
});

it('is edited by its menu', async () => {
  const { edit } = await showRow();
  await act('Edit…');
  expect(edit).toHaveBeenCalledOnce();
});

describe('removing', () => {
  it('asks first; Esc leaves it, and gives the focus back to the menu’s button', async () => {
    await showRow();
    await act('Remove…');
    await screen.findByRole('dialog', { name: 'Remove hourly?' });
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await waitFor(() =>
      expect(document.activeElement).toBe(
        screen.getByRole('button', { name: 'What can be done with hourly' }),
      ),
    );
  });

  it('removes it, and makes it again upon Undo', async () => {
    const asked: unknown[] = [];
    await showRow(
      {},
      {
        'DELETE /tasks/load/triggers/hourly': () => {
          asked.push('removed');
          return nothing();
        },
        'POST /tasks/load/triggers': ({ body }) => {
          asked.push(body);
          return json(aTrigger(), 201);
        },
      },
    );
    await act('Remove…');
    await userEvent.click(await screen.findByRole('button', { name: 'Remove' }));
    expect(await screen.findByText('hourly is removed')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Undo' }));
    await waitFor(() =>
      expect(asked).toEqual(['removed', expect.objectContaining({ name: 'hourly', every: '1h' })]),
    );
  });

  it('says that the address of a webhook cannot come back, and offers no Undo', async () => {
    await showRow(
      { kind: 'webhook', webhook: { signature: 'none' } },
      { 'DELETE /tasks/load/triggers/hourly': () => nothing() },
    );
    await act('Remove…');
    const dialog = await screen.findByRole('dialog', { name: 'Remove hourly?' });
    expect(dialog.textContent).toContain('cannot come back');
    await userEvent.click(screen.getByRole('button', { name: 'Remove' }));
    await screen.findByText('hourly is removed');
    expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  });
});

it('leads who has a webhook without an address to make one', async () => {
  const { row, secrets } = await showRow(
    { kind: 'webhook', webhook: { signature: 'none' } },
    {
      'GET /tasks/load/triggers/hourly/webhook': () =>
        json({ made_at: null, has_signing_key: false, refused: 0, refused_at: null }),
    },
  );
  await userEvent.click(await row.findByRole('button', { name: 'Make one' }));
  await act('Address and key…');
  expect(secrets).toHaveBeenCalledTimes(2);
});

it('tells what each server says of the folder', async () => {
  const watch = { pending: 0, problem: '', at: '2026-01-31T09:00:00Z', told_at: '2026-01-31T09:00:00Z' };
  const { row } = await showRow(
    { kind: 'file', file: { server: 'js-1', path: '/in', mask: '*', on: 'created' } },
    {
      'GET /tasks/load/triggers/hourly/watches': () =>
        page(
          { ...watch, server: 'js-1', files: 1, pending: 2 },
          { ...watch, server: 'js-2', files: 0, problem: 'there is no such folder' },
        ),
    },
  );
  expect(await row.findByText(/^js-1: 1 file matches, 2 wait to be taken/)).toBeTruthy();
  expect(row.getByText(/^js-2: there is no such folder/)).toBeTruthy();
});
