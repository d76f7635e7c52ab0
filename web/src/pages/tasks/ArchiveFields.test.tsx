import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import type { JsonObject } from '../../components/document/document';
import { json, page, problem } from '../../testing/console';
import { showFields } from '../../testing/form';
import { anArchiveVersion } from '../../testing/samples';
import { catchUploads, SentFile } from '../../testing/uploads';
import { ArchiveFields } from './ArchiveFields';

const talend = anArchiveVersion({
  version: '2.0',
  manifest: {
    ...anArchiveVersion().manifest,
    layout: 'talend',
    command: ['Load/Load_run.sh'],
    context: 'Default',
    contexts: ['Default', 'Prod'],
  },
});
const plain = anArchiveVersion({ version: '1.0' });
const answers = {
  'GET /archives': () => page({ name: 'load', versions: 2, latest: talend, tasks: [] }),
  'GET /archives/load': () => json({ name: 'load', versions: [talend, plain], tasks: [], uses: [] }),
};

/** Shows the fields of a job that runs this archive. Returns what is written of it by now. */
function showArchive(archive: JsonObject, around: Partial<Parameters<typeof showFields>[1]> = {}) {
  const { spec } = showFields(<ArchiveFields />, {
    spec: { job: { archive } },
    answers,
    linked: true,
    ...around,
  });
  return () => (spec().job as JsonObject).archive;
}

const box = (name: string) => screen.findByRole<HTMLInputElement>('combobox', { name });
const choose = async (field: string, option: string | RegExp) => {
  await userEvent.click(await box(field));
  await userEvent.click(await screen.findByRole('option', { name: option }));
};

it('offers the versions that there are, of which none said is the latest', async () => {
  const archive = showArchive({ name: 'load' });
  const version = await box('Version');
  await waitFor(() => expect(version.value).toBe('latest, 2.0 now'));
  await choose('Version', /^1\.0, uploaded/);
  expect(archive()).toEqual({ name: 'load', version: '1.0' });
  await choose('Version', /^latest/);
  expect(archive()).toEqual({ name: 'load' });
});

it('offers the contexts of a Talend job, and asks for none where there can be none', async () => {
  const archive = showArchive({ name: 'load' });
  expect(await screen.findByText(/by default Default, which the archive names/)).toBeTruthy();
  await choose('Context', 'Prod');
  expect(archive()).toEqual({ name: 'load', context: 'Prod' });
  await userEvent.clear(await box('Context'));
  await choose('Version', /^1\.0, uploaded/);
  await waitFor(() => expect(screen.queryByRole('combobox', { name: 'Context' })).toBeNull());
});

it('keeps in sight a context that does not fit any more', async () => {
  showArchive({ name: 'load', version: '1.0', context: 'Prod' });
  await screen.findByText(/By default what this version names: bin\/load\./);
  expect((await box('Context')).value).toBe('Prod');
});

it('writes a command and arguments, one a line', async () => {
  const archive = showArchive({ name: 'load' });
  await userEvent.type(await screen.findByLabelText('Command'), 'bin/other{Enter}--all');
  await userEvent.type(screen.getByLabelText('Arguments'), '--day=1');
  expect(archive()).toEqual({ name: 'load', command: ['bin/other', '--all'], args: ['--day=1'] });
});

it('leads to the archive, and takes the name of one that is uploaded from here', async () => {
  const archive = showArchive({ name: '' });
  catchUploads();
  await userEvent.click(await screen.findByRole('button', { name: 'Upload an archive…' }));
  const input = await waitFor(
    () => document.querySelector('input[type=file]') ?? Promise.reject(new Error('there is no field')),
  );
  await userEvent.upload(input as HTMLElement, new File(['x'], 'load_2.0.zip'));
  await userEvent.click(screen.getByRole('button', { name: 'Upload' }));
  const sent = await waitFor(() => SentFile.all.at(-1) ?? Promise.reject(new Error('nothing was sent')));
  sent.answer(201, talend);
  await waitFor(() => expect(archive()).toEqual({ name: 'load' }));
  const link = await screen.findByRole('link', { name: 'Its versions, and what needs them' });
  expect(link.getAttribute('href')).toBe('/settings/archives/load');
});

it('says that there is no such archive, and that those there are could not be read', async () => {
  showArchive({ name: 'gone' }, { answers: { 'GET /archives': () => problem(503, 'the database is away') } });
  expect(await screen.findByText('There is no archive gone so far.')).toBeTruthy();
  expect(await screen.findByText('The archives could not be read: the database is away')).toBeTruthy();
});

it('uploads nothing for who may only look', async () => {
  showArchive({ name: 'load' }, { readOnly: true });
  expect(await screen.findByRole('link', { name: /^Its versions/ })).toBeTruthy();
  expect(screen.queryByRole('button', { name: /^Upload/ })).toBeNull();
});
