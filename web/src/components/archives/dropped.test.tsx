import { fireEvent, render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { droppedOf, useDropped } from './dropped';
import type { Dropped } from './dropped';

const zip = new File(['x'], 'load.zip');

/** What a browser hands over, as far as it is read. */
function transfer(files: File[], folder = false) {
  const items = files.map(() => ({ webkitGetAsEntry: () => ({ isDirectory: folder }) }));
  return { types: ['Files'], files, items } as unknown as DataTransfer;
}

it.each([
  ['one file', transfer([zip]), ''],
  ['two files', transfer([zip, zip]), 'must be one file, not 2'],
  ['a folder', transfer([zip], true), 'must be a file: pack the folder as zip or tar.gz first'],
  ['nothing', transfer([]), 'must be a file'],
])('of what is dropped %s is taken or refused with the reason', (_, dropped, fault) => {
  expect(droppedOf(dropped)).toEqual({ file: fault === '' ? zip : null, fault });
});

function Taker({ wanted, take }: { wanted: boolean; take: (dropped: Dropped) => void }) {
  return useDropped(wanted, take) ? <p>held</p> : <p>nothing</p>;
}

it('shows that a file is held above the page, and takes it where it is dropped', () => {
  const taken: Dropped[] = [];
  render(<Taker wanted take={(dropped) => taken.push(dropped)} />);
  fireEvent.dragOver(document.body, { dataTransfer: { types: ['text/plain'] } });
  expect(screen.getByText('nothing')).toBeTruthy();
  fireEvent.dragOver(document.body, { dataTransfer: transfer([zip]) });
  expect(screen.getByText('held')).toBeTruthy();
  fireEvent.drop(document.body, { dataTransfer: transfer([zip]) });
  expect(screen.getByText('nothing')).toBeTruthy();
  expect(taken).toEqual([{ file: zip, fault: '' }]);
});

it('takes nothing while it is not wanted', () => {
  const taken: Dropped[] = [];
  render(<Taker wanted={false} take={(dropped) => taken.push(dropped)} />);
  fireEvent.drop(document.body, { dataTransfer: transfer([zip]) });
  expect(taken).toEqual([]);
});
