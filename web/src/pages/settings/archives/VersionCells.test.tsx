import { Table } from '@mantine/core';
import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { archiveVersionOf } from '../../../data/archives';
import { showLinked } from '../../../testing/console';
import { anArchiveVersion } from '../../../testing/samples';
import { VersionCells } from './VersionCells';

it('says how large a version is, what it is started by, and who uploaded it', async () => {
  const version = archiveVersionOf(anArchiveVersion());
  showLinked(
    <Table>
      <Table.Tbody>
        <Table.Tr>
          <VersionCells version={version} />
        </Table.Tr>
      </Table.Tbody>
    </Table>,
  );
  const [size, start, uploaded] = (await screen.findAllByRole('cell')).map((cell) => cell.textContent);
  expect(size).toMatch(/^2(\.0)? Ki?B3 files$/);
  expect(start).toBe('bin/load');
  expect(uploaded).toMatch(/by ops$/);
});
