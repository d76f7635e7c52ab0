import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { archiveVersionOf } from '../../../data/archives';
import { json, problem, showLinked } from '../../../testing/console';
import type { Answers } from '../../../testing/console';
import { anArchiveVersion } from '../../../testing/samples';
import { VersionDetails } from './VersionDetails';

const none = { count: 0, newest: [] };
const unneeded = { tasks: [], open_runs: none, recoverable_runs: none, servers: [] };

function showDetails(fields: Parameters<typeof anArchiveVersion>[0] = {}, answers: Answers = {}) {
  showLinked(<VersionDetails version={archiveVersionOf(anArchiveVersion(fields))} />, {
    'GET /archives/load/versions/1.0/needs': () => json(unneeded),
    ...answers,
  });
}

/** Returns what stands beside a name. */
const fact = async (name: string) => (await screen.findByText(name)).nextElementSibling?.textContent;

it('tells what the package says of itself', async () => {
  showDetails();
  expect(await fact('Package')).toBe('plain, zip, 4.0 KiB unpacked');
  expect(await fact('Started by')).toBe('bin/load');
  expect(await fact('SHA-256')).toBe('ab'.repeat(32));
  expect(screen.queryByText('Contexts')).toBeNull();
});

it('tells the contexts of a Talend job, and that the task has to say the command of what names none', async () => {
  const manifest = {
    ...anArchiveVersion().manifest,
    layout: 'talend' as const,
    command: [],
    context: 'Default',
    contexts: ['Default', 'Prod'],
  };
  showDetails({ manifest });
  expect(await fact('Contexts')).toBe('Default, Prod; Default unless the task names one');
  expect(await fact('Started by')).toBe('the command that the task says');
});

it('tells which runs need it and which job servers have it', async () => {
  showDetails(
    {},
    {
      'GET /archives/load/versions/1.0/needs': () =>
        json({
          tasks: [],
          open_runs: { count: 1, newest: ['01C'] },
          recoverable_runs: { count: 3, newest: ['01B'] },
          servers: ['js-1', 'js-2'],
        }),
    },
  );
  expect(await fact('Runs that have not ended')).toBe('01C');
  expect(await fact('Runs that could be taken up again')).toBe('01B and 2 more');
  expect(await fact('On the disk of')).toBe('js-1, js-2');
});

it('says that nothing needs it, and why no job server has it', async () => {
  showDetails();
  expect(await fact('Runs that have not ended')).toBe('none');
  expect(await fact('On the disk of')).toMatch(/^no job server yet/);
});

it('shows what it knows where it cannot be read what needs it', async () => {
  showDetails({}, { 'GET /archives/load/versions/1.0/needs': () => problem(404, 'there is no version 1.0') });
  expect(await screen.findByText(/there is no version 1\.0/)).toBeTruthy();
  expect(await fact('SHA-256')).toBe('ab'.repeat(32));
});
