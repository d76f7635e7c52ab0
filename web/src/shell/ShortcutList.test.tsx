import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showPart } from '../testing/console';
import { places } from './places';
import { ShortcutList } from './ShortcutList';

const keysOf = (row: HTMLElement) => Array.from(row.querySelectorAll('kbd'), (key) => key.textContent);

it('lists for each page the two keys that lead there', () => {
  showPart(<ShortcutList opened close={() => undefined} />);
  const rows = within(screen.getByRole('table', { name: 'Go to' })).getAllByRole('row');
  expect(rows.map(keysOf)).toEqual(places.map(({ key }) => ['g', key]));
  expect(rows.map((row) => row.textContent)).toContain('gvVirtual servers');
});

it.each([
  ['Virtual servers', ['Space', '↑↓←→', 'Esc']],
  ['Output of a run', ['Enter', 'ShiftEnter', 'Esc']],
  ['Timeline', ['↑↓←→', 'Enter', '+−']],
  ['Editor of a plan', ['↑↓←→', 'Shiftarrow', 'c', 'Delete']],
  ['Year of a calendar', ['↑↓←→']],
])('lists what the keys do on the page “%s”', (page, keys) => {
  showPart(<ShortcutList opened close={() => undefined} />);
  const rows = within(screen.getByRole('table', { name: page })).getAllByRole('row');
  expect(rows.map((row) => keysOf(row).join(''))).toEqual(keys);
});

it('gives no two places the same key', () => {
  expect(new Set(places.map(({ key }) => key)).size).toBe(places.length);
});
