import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { page, showPart } from '../../testing/console';
import { anArchiveVersion } from '../../testing/samples';
import { SentFile, catchUploads } from '../../testing/uploads';
import { UploadDialog } from './UploadDialog';
import type { UploadStart } from './UploadDialog';

function showDialog(start: UploadStart | null) {
  const close = vi.fn();
  const uploaded = vi.fn();
  showPart(<UploadDialog start={start} close={close} uploaded={uploaded} />, {
    'GET /archives': () => page(),
  });
  catchUploads();
  return { close, uploaded };
}

it('is not there before an upload begins', () => {
  showDialog(null);
  expect(screen.queryByRole('dialog')).toBeNull();
});

it('says of which archive it uploads a version', async () => {
  showDialog({ name: 'load' });
  expect(await screen.findByRole('dialog', { name: 'Upload a version of load' })).toBeTruthy();
});

it('is left by Esc until a file is on its way, which alone its buttons end; and closes once that is there', async () => {
  const file = new File(['twelve bytes'], 'load_2.0.zip');
  const { close, uploaded } = showDialog({ dropped: { file, fault: '' } });
  const user = userEvent.setup();
  await screen.findByRole('dialog', { name: 'Upload an archive' });
  await user.keyboard('{Escape}');
  expect(close).toHaveBeenCalledOnce();
  close.mockClear();

  await user.click(await screen.findByRole('button', { name: 'Upload' }));
  const sent = await waitFor(() => SentFile.all.at(-1) ?? Promise.reject(new Error('nothing was sent')));
  expect(await screen.findByRole('button', { name: 'Stop' })).toBeTruthy();
  await user.keyboard('{Escape}');
  expect(close).not.toHaveBeenCalled();
  expect(screen.queryByRole('button', { name: 'Close' })).toBeNull();

  sent.answer(201, anArchiveVersion({ version: '2.0' }));
  await waitFor(() => expect(close).toHaveBeenCalledOnce());
  expect(uploaded).toHaveBeenCalledWith(expect.objectContaining({ version: '2.0' }));
});
