import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { archiveVersionOf } from '../../../data/archives';
import { showLinked } from '../../../testing/console';
import { anArchiveVersion } from '../../../testing/samples';
import { VersionTable } from './VersionTable';

const archive = {
  name: 'load',
  versions: ['2.0', '1.0'].map((version) => archiveVersionOf(anArchiveVersion({ version }))),
  uses: [
    { task: 'nightly', version: 'latest' },
    { task: 'pinned', version: '1.0' },
  ],
};

async function showTable(shown = '') {
  const show = vi.fn();
  const remove = vi.fn();
  showLinked(<VersionTable archive={archive} shown={shown} show={show} remove={remove} />);
  const table = within(await screen.findByRole('table', { name: 'Versions' }));
  return { show, remove, table };
}

it('marks the newest, and names at each version the tasks that name it', async () => {
  const { table } = await showTable();
  const [newest, oldest] = table
    .getAllByRole('row')
    .slice(1)
    .map((row) => within(row));
  expect(newest?.getByText('latest')).toBeTruthy();
  expect(newest?.queryByRole('link', { name: 'pinned' })).toBeNull();
  expect(oldest?.queryByText('latest')).toBeNull();
  expect(oldest?.getByRole('link', { name: 'pinned' }).getAttribute('href')).toBe('/tasks/pinned');
});

it('opens one version for more, and closes it by the same button', async () => {
  const { show, table } = await showTable('2.0');
  const open = table.getByRole('button', { name: 'More about version 2.0' });
  expect(open.getAttribute('aria-expanded')).toBe('true');
  const details = document.getElementById(open.getAttribute('aria-controls') ?? '');
  expect(details?.textContent).toContain('SHA-256');
  const closed = table.getByRole('button', { name: 'More about version 1.0' });
  expect(closed.getAttribute('aria-expanded')).toBe('false');
  await userEvent.click(open);
  await userEvent.click(closed);
  expect(show.mock.calls).toEqual([[''], ['1.0']]);
});

it('downloads a version as it was uploaded, and asks for its deletion', async () => {
  const { remove, table } = await showTable();
  const download = table.getByRole('link', { name: 'Download version 1.0' });
  expect(download.getAttribute('href')).toBe('/api/v1/archives/load/versions/1.0/content');
  expect(download.hasAttribute('download')).toBe(true);
  await userEvent.click(table.getByRole('button', { name: 'Delete version 1.0…' }));
  expect(remove).toHaveBeenCalledExactlyOnceWith(archive.versions[1]);
});
