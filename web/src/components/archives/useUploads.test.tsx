import { fireEvent, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, showPart } from '../../testing/console';
import { anArchiveVersion } from '../../testing/samples';
import { useUploads } from './useUploads';

const zip = new File(['x'], 'load_2.0.zip');
const dataTransfer = {
  types: ['Files'],
  files: [zip],
  items: [{ webkitGetAsEntry: () => ({ isDirectory: false }) }],
};

function Page({ name, drop = true }: { name?: string; drop?: boolean }) {
  const { begin, part } = useUploads({ ...(name && { name }), drop, uploaded: () => undefined });
  return (
    <>
      <button onClick={begin}>Upload</button>
      {part}
    </>
  );
}

const answers = {
  'GET /archives': () => page(),
  'GET /archives/load': () => json({ name: 'load', versions: [anArchiveVersion()], tasks: [], uses: [] }),
};

it('begins an upload by the button of the page', async () => {
  showPart(<Page />, answers);
  await userEvent.click(screen.getByRole('button', { name: 'Upload' }));
  expect(await screen.findByRole('dialog', { name: 'Upload an archive' })).toBeTruthy();
});

it('says while a file is held above the page what dropping it does, and begins with the file', async () => {
  showPart(<Page name="load" />, answers);
  fireEvent.dragOver(document.body, { dataTransfer });
  expect(screen.getByText('Drop the package to upload a version of load')).toBeTruthy();
  fireEvent.drop(document.body, { dataTransfer });
  expect(await screen.findByRole('dialog', { name: 'Upload a version of load' })).toBeTruthy();
  expect(await screen.findByText('load_2.0.zip')).toBeTruthy();
  expect(screen.queryByText(/^Drop the package/)).toBeNull();
});

it('takes no file where none may be dropped, as by who may not upload', () => {
  showPart(<Page drop={false} />, answers);
  fireEvent.dragOver(document.body, { dataTransfer });
  fireEvent.drop(document.body, { dataTransfer });
  expect(screen.queryByText(/^Drop the package/)).toBeNull();
  expect(screen.queryByRole('dialog')).toBeNull();
});
