import { fireEvent, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { showPart } from '../../testing/console';
import type { Dropped } from './dropped';
import { FileField } from './FileField';

const zip = new File(['twelve bytes'], 'load_2.0.zip');

function showField(file: File | null = null, error?: string) {
  const take = vi.fn<(dropped: Dropped) => void>();
  const { container } = showPart(<FileField file={file} error={error} take={take} />);
  return { take, container };
}

it('tells how large a package may be before one is chosen, and takes the one that is chosen', async () => {
  const { take, container } = showField();
  expect(screen.getByText(/^A zip or tar\.gz of at most 1\.0 GiB, with at most 100,000 files/)).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Choose a file…' })).toBeTruthy();
  await userEvent.upload(container.querySelector('input[type=file]') as HTMLInputElement, zip);
  expect(take.mock.calls).toEqual([[{ file: zip, fault: '' }]]);
});

it('takes what is dropped anywhere on the page, and why it is none', () => {
  const { take } = showField();
  const items = [zip, zip].map(() => ({ webkitGetAsEntry: () => ({ isDirectory: false }) }));
  fireEvent.drop(document.body, { dataTransfer: { types: ['Files'], files: [zip], items: items.slice(1) } });
  fireEvent.drop(document.body, { dataTransfer: { types: ['Files'], files: [zip, zip], items } });
  expect(take.mock.calls).toEqual([
    [{ file: zip, fault: '' }],
    [{ file: null, fault: 'must be one file, not 2' }],
  ]);
});

it('names the file with its size, of which another can be chosen', () => {
  showField(zip);
  expect(screen.getByText('load_2.0.zip')).toBeTruthy();
  expect(screen.getByText('12 B')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Choose another file…' })).toBeTruthy();
});

it('says what is wrong with it', () => {
  showField(null, 'must be chosen');
  expect(screen.getByText('The package must be chosen.')).toBeTruthy();
});
