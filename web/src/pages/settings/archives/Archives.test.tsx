import { fireEvent, screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { page, problem, show, signedIn } from '../../../testing/console';
import { anArchiveVersion } from '../../../testing/samples';

const load = { name: 'load', versions: 3, latest: anArchiveVersion({ version: '1.2' }), tasks: ['a', 'b'] };

it('lists archives with their latest version, what starts them, who uploaded them and their tasks', async () => {
  show('/settings/archives', { ...signedIn, 'GET /archives': () => page(load) });
  const table = within(await screen.findByRole('table', { name: 'Archives' }));
  expect(table.getByRole('link', { name: 'load' }).getAttribute('href')).toBe('/settings/archives/load');
  for (const text of ['1.2', '3 versions', '2.0 KiB', '3 files', 'bin/load', 'by ops']) {
    expect(table.getByText(text)).toBeTruthy();
  }
  expect(table.getByRole('link', { name: 'b' }).getAttribute('href')).toBe('/tasks/b');
});

it('leads by the hand where there is none, and opens the form for a file that is dropped', async () => {
  show('/settings/archives', signedIn);
  expect(await screen.findByText(/There is no archive yet/)).toBeTruthy();
  expect(screen.getAllByRole('button', { name: 'Upload an archive' }).length).toBeGreaterThan(0);
  const file = new File(['x'], 'orders_7.zip');
  const dataTransfer = { types: ['Files'], files: [file], items: [{ webkitGetAsEntry: () => null }] };
  fireEvent.dragOver(document.body, { dataTransfer });
  expect(screen.getByText('Drop the package to upload it')).toBeTruthy();
  fireEvent.drop(document.body, { dataTransfer });
  const form = within(await screen.findByRole('dialog', { name: 'Upload an archive' }));
  expect(await form.findByText('orders_7.zip')).toBeTruthy();
  expect(form.getByRole<HTMLInputElement>('textbox', { name: 'Version' }).value).toBe('7');
});

it('says that they could not be read', async () => {
  show('/settings/archives', {
    ...signedIn,
    'GET /archives': () => problem(503, 'this conductor keeps no archives'),
  });
  expect(await screen.findByText('this conductor keeps no archives')).toBeTruthy();
});
