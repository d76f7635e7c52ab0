import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import type { ArchiveVersion } from '../../data/archives';
import { json, page, showPart } from '../../testing/console';
import { anArchiveVersion } from '../../testing/samples';
import { SentFile, catchUploads } from '../../testing/uploads';
import { UploadDialog } from './UploadDialog';
import type { UploadStart } from './UploadDialog';

const zip = (name = 'load_2.0.zip') => new File(['twelve bytes'], name);

function showForm(start: UploadStart = {}) {
  const uploaded: ArchiveVersion[] = [];
  showPart(<UploadDialog start={start} close={() => undefined} uploaded={(v) => uploaded.push(v)} />, {
    'GET /archives': () => page({ name: 'load', versions: 1, latest: anArchiveVersion(), tasks: [] }),
    'GET /archives/load': () => json({ name: 'load', versions: [anArchiveVersion()], tasks: [], uses: [] }),
  });
  catchUploads();
  return uploaded;
}

const choose = async (file: File) => {
  const input = await waitFor(() => {
    const found = document.querySelector<HTMLInputElement>('input[type=file]');
    expect(found).not.toBeNull();
    return found as HTMLInputElement;
  });
  await userEvent.upload(input, file, { applyAccept: false });
};
const upload = () => userEvent.click(screen.getByRole('button', { name: 'Upload' }));
const sent = () => waitFor(() => SentFile.all.at(-1) ?? Promise.reject(new Error('nothing was sent')));

it('tells the limits first, and what is missing at its field without sending anything', async () => {
  showForm();
  expect(await screen.findByText(/at most 1.0 GiB, with at most 100,000 files of 4.0 GiB/)).toBeTruthy();
  await upload();
  expect(screen.getByText('The package must be chosen.')).toBeTruthy();
  expect(screen.getByText(/^must be 1 to 63 of a-z/)).toBeTruthy();
  expect(screen.getByText(/^must be 1 to 63 letters/)).toBeTruthy();
  expect(SentFile.all).toEqual([]);
});

it('takes the names from that of the file, sends it as it is and tells how far that is', async () => {
  const uploaded = showForm();
  const file = zip();
  await choose(file);
  expect(screen.getByRole<HTMLInputElement>('combobox', { name: 'Archive' }).value).toBe('load');
  expect(screen.getByRole<HTMLInputElement>('textbox', { name: 'Version' }).value).toBe('2.0');
  await upload();
  const sending = await sent();
  expect([sending.method, sending.path]).toEqual(['PUT', '/api/v1/archives/load/versions/2.0']);
  expect(sending.file).toBe(file);
  act(() => sending.upload.onprogress({ loaded: 3 }));
  expect(await screen.findByText('3 B of 12 B are sent, 25 %')).toBeTruthy();
  act(() => sending.upload.onprogress({ loaded: 12 }));
  expect(await screen.findByText(/looks through it/)).toBeTruthy();
  act(() => sending.answer(201, anArchiveVersion({ version: '2.0' })));
  await waitFor(() => expect(uploaded.map(({ version }) => version)).toEqual(['2.0']));
  expect(await screen.findByText('Version 2.0 of load is uploaded')).toBeTruthy();
});

it('says that other content needs another name before a version that is there is sent', async () => {
  showForm({ name: 'load', dropped: { file: zip('load_1.0.zip'), fault: '' } });
  expect(await screen.findByText(/There is a version 1.0 of load already/)).toBeTruthy();
  expect(screen.queryByRole('combobox', { name: 'Archive' })).toBeNull();
  await upload();
  (await sent()).answer(200, anArchiveVersion());
  expect(await screen.findByText('Version 1.0 of load is there already with this content')).toBeTruthy();
});

it.each([
  [{ status: 422, detail: 'no', errors: [{ field: 'version', reason: 'is odd' }] }, 'is odd'],
  [
    { status: 422, detail: 'no', errors: [{ field: 'content', reason: 'is no zip' }] },
    'The package is no zip.',
  ],
  [{ status: 422, detail: 'no', errors: [{ field: 'file', reason: 'has a device' }] }, 'file has a device'],
  [{ status: 409, detail: 'it is there with other content' }, 'it is there with other content'],
])('shows what was refused of it, and keeps what was entered', async (problem, words) => {
  showForm({ dropped: { file: zip(), fault: '' } });
  await screen.findByText('load_2.0.zip');
  await upload();
  (await sent()).answer(problem.status, problem);
  expect(await screen.findByText(words)).toBeTruthy();
  expect(screen.getByText('load_2.0.zip')).toBeTruthy();
});

it('is stopped by its button without a word of error, and tells of a connection that broke', async () => {
  showForm({ dropped: { file: zip(), fault: '' } });
  await screen.findByText('load_2.0.zip');
  await upload();
  await sent();
  await userEvent.click(await screen.findByRole('button', { name: 'Stop' }));
  await screen.findByRole('button', { name: 'Upload' });
  expect(screen.queryByText('It could not be uploaded')).toBeNull();
  await upload();
  (await sent()).onerror();
  expect(await screen.findByText(/connection to the conductor broke/)).toBeTruthy();
});

it('says what is wrong with what was dropped', async () => {
  showForm({ dropped: { file: null, fault: 'must be one file, not 3' } });
  expect(await screen.findByText('The package must be one file, not 3.')).toBeTruthy();
});
