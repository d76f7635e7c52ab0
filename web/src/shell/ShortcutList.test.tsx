import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showPart } from '../testing/console';
import { places } from './places';
import { pageShortcuts, ShortcutList } from './ShortcutList';

const keysOf = (row: HTMLElement) => Array.from(row.querySelectorAll('kbd'), (key) => key.textContent);

it('lists for each page the two keys that lead there', () => {
  showPart(<ShortcutList opened close={() => undefined} />);
  const rows = within(screen.getByRole('table', { name: 'Go to' })).getAllByRole('row');
  expect(rows.map(keysOf)).toEqual(places.map(({ key }) => ['g', key]));
  expect(rows.map((row) => row.textContent)).toContain('gvVirtual servers');
});

it('lists what the keys of a page do under its name', () => {
  showPart(<ShortcutList opened close={() => undefined} />);
  const rows = within(screen.getByRole('table', { name: 'Virtual servers' })).getAllByRole('row');
  expect(rows.map(keysOf)).toEqual(pageShortcuts.map(({ keys }) => keys));
});

it('gives no two places the same key', () => {
  expect(new Set(places.map(({ key }) => key)).size).toBe(places.length);
});
