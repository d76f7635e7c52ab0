import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, show, signedIn } from '../../testing/console';
import { anArchiveVersion } from '../../testing/samples';

const stored = {
  name: 'load',
  target: { virtual_server: 'etl' },
  job: {
    steps: [
      { name: 'fetch', command: ['fetch'] },
      { name: 'store', command: ['store'] },
    ],
  },
  on_unavailable: 'recover',
  version: 7,
  created_at: '2026-01-31T09:05:00Z',
  updated_at: '2026-01-31T09:05:00Z',
};

const newest = anArchiveVersion({ version: '2.0' });
const oldest = anArchiveVersion({ manifest: { ...newest.manifest, command: [] } });

function showTask(fault?: { field: string; reason: string }) {
  const sent: unknown[] = [];
  show('/tasks/load', {
    ...signedIn,
    'GET /tasks/load': () => json(stored),
    'GET /concurrency-groups': () =>
      page({ name: 'warehouse', max_concurrent: 2, active: 0, tasks: [], version: 1 }),
    'GET /archives': () => page({ name: 'load', versions: 2, latest: newest, tasks: [] }),
    'GET /archives/load': () => json({ name: 'load', versions: [newest, oldest], tasks: [], uses: [] }),
    'PATCH /tasks/load': ({ body }) => {
      sent.push(body);
      return fault ? json({ status: 422, detail: 'no', errors: [fault] }, 422) : json(stored);
    },
  });
  return sent;
}

const section = async (name: string) => within(await screen.findByRole('region', { name }));
const save = () => userEvent.click(screen.getByRole('button', { name: 'Save' }));

it('climbs from a plain word to a ladder, with what it means in words', async () => {
  const sent = showTask();
  const user = userEvent.setup();
  const policy = await section('If its server goes away');
  await user.click(policy.getByRole('button', { name: 'Add a further step' }));
  expect(policy.getByText('After 10 m, a run that has no server by then is reset.')).toBeTruthy();
  await user.clear(policy.getByLabelText('Step 2: after a silence of'));
  await user.type(policy.getByLabelText('Step 2: after a silence of'), '4h');
  expect(screen.getByLabelText<HTMLTextAreaElement>('YAML').value).toContain('- after: 4h\n    do: reset');
  await save();
  await waitFor(() =>
    expect(sent).toEqual([
      {
        on_unavailable: [
          { after: '2m', do: 'recover' },
          { after: '4h', do: 'reset' },
        ],
      },
    ]),
  );
});

it('comes down from a ladder to a plain word', async () => {
  showTask();
  const user = userEvent.setup();
  const policy = await section('If its server goes away');
  await user.click(policy.getByRole('button', { name: 'Add a further step' }));
  await user.click(policy.getByRole('button', { name: 'Remove step 2' }));
  expect(screen.getByLabelText<HTMLTextAreaElement>('YAML').value).toContain('- after: 2m\n    do: recover');
  await user.clear(policy.getByLabelText('Step 1: after a silence of'));
  expect(screen.getByLabelText<HTMLTextAreaElement>('YAML').value).toContain('on_unavailable: recover');
});

it('puts what is refused of a step at that step', async () => {
  showTask({ field: 'on_unavailable[1].after', reason: 'must be above that of the step before it' });
  const user = userEvent.setup();
  const policy = await section('If its server goes away');
  await user.click(policy.getByRole('button', { name: 'Add a further step' }));
  await save();
  const field = policy.getByLabelText('Step 2: after a silence of');
  await waitFor(() => expect(field.getAttribute('aria-invalid')).toBe('true'));
  expect(policy.getByText('must be above that of the step before it')).toBeTruthy();
});

it('writes limits, lateness and retention as the API names them', async () => {
  const sent = showTask();
  const user = userEvent.setup();
  const queue = await section('How many at once');
  await user.type(queue.getByLabelText('Runs at once'), '3');
  await user.click(queue.getByRole('combobox', { name: 'Concurrency groups' }));
  await user.click(await screen.findByRole('option', { name: 'warehouse' }));
  await user.type(queue.getByLabelText('Longest time in the queue'), '1h');
  const late = await section('When a run is late');
  await user.type(late.getByLabelText('Ends by'), '06:00');
  const kept = await section('How long its runs are kept');
  await user.type(kept.getByLabelText('Newest runs'), '50');
  await user.click((await section('If the job itself fails')).getByLabelText(/^Pause its triggers/));
  await save();
  await waitFor(() =>
    expect(sent).toEqual([
      {
        max_concurrent: 3,
        concurrency_groups: ['warehouse'],
        max_queue_time: '1h',
        expect: { finish_by: '06:00' },
        retention: { runs: 50 },
        pause_on_error: true,
      },
    ]),
  );
});

it('puts a step of the job before the one that stands before it', async () => {
  const sent = showTask();
  const job = await section('What is run');
  await userEvent.click(job.getByRole('button', { name: 'Put step 2 before step 1' }));
  await save();
  await waitFor(() => expect(sent).toEqual([{ job: { steps: stored.job.steps.toReversed() } }]));
});

it('keeps the user of the job when its kind is changed', async () => {
  const sent = showTask();
  const job = await section('What is run');
  await userEvent.type(job.getByLabelText('Run as user'), 'etl');
  await userEvent.click(job.getByRole('radio', { name: 'command' }));
  await save();
  await waitFor(() => expect(sent).toEqual([{ job: { command: ['true'], run_as: 'etl', steps: null } }]));
});

it('puts what is refused of the user at its field', async () => {
  showTask({ field: 'job.run_as', reason: 'must not be root' });
  const job = await section('What is run');
  await userEvent.type(job.getByLabelText('Run as user'), 'root');
  await save();
  expect(await job.findByText('must not be root')).toBeTruthy();
});

it('makes a task run an archive that there is, in a version that it has, and puts what is refused at its field', async () => {
  const sent = showTask({ field: 'job.archive.version', reason: 'archive "load" has no version 1.0' });
  const job = await section('What is run');
  await userEvent.click(job.getByRole('radio', { name: 'archive' }));
  await userEvent.click(job.getByRole('combobox', { name: 'Archive' }));
  await userEvent.click(await screen.findByRole('option', { name: 'load' }));
  // Nothing written is the latest.
  await waitFor(() =>
    expect(job.getByRole<HTMLInputElement>('combobox', { name: 'Version' }).value).toBe('latest, 2.0 now'),
  );
  expect(job.getByText(/By default what this version names: bin\/load\./)).toBeTruthy();
  await userEvent.click(job.getByRole('combobox', { name: 'Version' }));
  await userEvent.click(await screen.findByRole('option', { name: /^1\.0, uploaded/ }));
  expect(job.getByText(/does not say what starts it/)).toBeTruthy();
  await save();
  await waitFor(() =>
    expect(sent).toEqual([{ job: { archive: { name: 'load', version: '1.0' }, steps: null } }]),
  );
  expect(await job.findByText('archive "load" has no version 1.0')).toBeTruthy();
});
