import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, show, signedIn } from '../../../testing/console';
import { anArchiveVersion } from '../../../testing/samples';

const none = { count: 0, newest: [] };
const versions = [
  anArchiveVersion({
    version: '2.0',
    manifest: {
      format: 'zip',
      layout: 'talend',
      command: ['Load/Load_run.sh'],
      job: 'Load',
      job_version: '0.1',
      context: 'Default',
      contexts: ['Default', 'Prod'],
      files: 1,
      unpacked: 10,
    },
  }),
  anArchiveVersion({ version: '1.0' }),
];
const uses = [
  { task: 'nightly', version: 'latest' },
  { task: 'pinned', version: '1.0' },
];

function showArchive(address = '/settings/archives/load') {
  show(address, {
    ...signedIn,
    'GET /archives/load': () => json({ name: 'load', versions, tasks: ['nightly', 'pinned'], uses }),
    'GET /archives/load/versions/2.0/needs': () =>
      json({
        tasks: [],
        open_runs: none,
        recoverable_runs: { count: 12, newest: ['01B', '01A'] },
        servers: ['js-1'],
      }),
  });
}

it('lists the versions, the newest first, and which tasks use which', async () => {
  showArchive();
  const table = within(await screen.findByRole('table', { name: 'Versions' }));
  const rows = table.getAllByRole('row').slice(1);
  expect(rows.map((row) => row.textContent)).toEqual([
    expect.stringMatching(/^2\.0latest.*1 file.*Talend job Load 0\.1.*by opsnone/),
    expect.stringMatching(/^1\.0.*3 files.*bin\/load.*by opspinned/),
  ]);
  expect(screen.getByRole('link', { name: 'nightly' }).getAttribute('href')).toBe('/tasks/nightly');
  expect(table.getByRole('link', { name: 'Download version 1.0' }).getAttribute('href')).toBe(
    '/api/v1/archives/load/versions/1.0/content',
  );
});

it('tells more of a version: what it says of itself, which runs need it and which servers have it', async () => {
  showArchive();
  await userEvent.click(await screen.findByRole('button', { name: 'More about version 2.0' }));
  expect(await screen.findByText('Default, Prod; Default unless the task names one')).toBeTruthy();
  expect(screen.getByText('ab'.repeat(32))).toBeTruthy();
  expect((await screen.findByRole('link', { name: '01B' })).getAttribute('href')).toBe('/runs/01B');
  expect(screen.getByText(/and 10 more/)).toBeTruthy();
  expect(screen.getByRole('link', { name: 'js-1' }).getAttribute('href')).toBe('/servers/js-1');
  expect(new URL(window.location.href).searchParams.get('version')).toBe('2.0');
});

it('uploads a further version of this archive alone', async () => {
  showArchive();
  await userEvent.click(await screen.findByRole('button', { name: 'Upload a version' }));
  const form = within(await screen.findByRole('dialog', { name: 'Upload a version of load' }));
  expect(form.queryByRole('combobox', { name: 'Archive' })).toBeNull();
});
