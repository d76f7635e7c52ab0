import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { showFields } from '../../testing/form';
import { JobFields } from './JobFields';

it('writes a command, an argument a line, with the user and the environment of the job', async () => {
  const { spec } = showFields(<JobFields />, { spec: { job: { command: ['load'] } } });
  const user = userEvent.setup();
  expect(screen.getByRole('radio', { name: 'command' })).toHaveProperty('checked', true);
  await user.type(screen.getByLabelText('Command'), '{Enter}--all');
  await user.type(screen.getByLabelText('Run as user'), 'etl');
  expect(spec()).toEqual({ job: { command: ['load', '--all'], run_as: 'etl' } });
});

it('becomes one of another kind, and keeps what jobs of all kinds have', async () => {
  const { spec } = showFields(<JobFields />, { spec: { job: { command: ['load'], env: { A: '1' } } } });
  await userEvent.click(screen.getByRole('radio', { name: 'script' }));
  expect(spec()).toEqual({ job: { script: { interpreter: ['/bin/sh'], text: '' }, env: { A: '1' } } });
  await userEvent.type(screen.getByLabelText('Script'), 'echo hello');
  expect(spec().job).toMatchObject({ script: { text: 'echo hello' } });
});

it('adds, removes and moves steps', async () => {
  const { spec } = showFields(<JobFields />, {
    spec: { job: { steps: [{ name: 'fetch', command: ['fetch'] }] } },
  });
  const user = userEvent.setup();
  expect(screen.queryByRole('button', { name: 'Remove' })).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Add a step' }));
  await user.click(screen.getByRole('button', { name: 'Put step 2 before step 1' }));
  expect(spec().job).toEqual({
    steps: [
      { name: '', command: ['true'] },
      { name: 'fetch', command: ['fetch'] },
    ],
  });
  await user.click(screen.getAllByRole('button', { name: 'Remove' })[0] as HTMLElement);
  expect(spec().job).toEqual({ steps: [{ name: 'fetch', command: ['fetch'] }] });
});

it('says of a job that the form does not know where it can be changed', () => {
  showFields(<JobFields />, { spec: { job: { other: {} } } });
  expect(screen.getByText(/of a kind that the form does not know\. Change it in the YAML\./)).toBeTruthy();
});

it('offers nothing to who may not change it', () => {
  showFields(<JobFields />, { spec: { job: { steps: [{ name: 'a', command: ['b'] }] } }, readOnly: true });
  expect(screen.queryByRole('button')).toBeNull();
});
