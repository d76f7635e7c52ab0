import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { showLinked } from '../../testing/console';
import { Collection } from './Collection';

interface Thing {
  name: string;
}

function Things({ read }: { read: () => Promise<Thing[]> }) {
  const query = useQuery({ queryKey: ['things'], queryFn: read, retry: false });
  return (
    <Collection
      query={query}
      word="thing"
      nothing="There is no thing yet."
      columns={['Name']}
      row={({ name }, edit) => (
        <Table.Tr>
          <Table.Td>{name}</Table.Td>
          <Table.Td>
            <button onClick={edit}>Edit {name}</button>
          </Table.Td>
        </Table.Tr>
      )}
      form={(thing, close) => (
        <>
          <Text>The form of {thing?.name ?? 'a new one'}</Text>
          <button onClick={close}>Done</button>
        </>
      )}
    />
  );
}

const user = userEvent.setup();

it('lists the things in a table of their name, and edits one in a drawer beside it', async () => {
  showLinked(<Things read={() => Promise.resolve([{ name: 'one' }, { name: 'other' }])} />);
  const table = within(await screen.findByRole('table', { name: 'Things' }));
  expect(table.getByRole('columnheader', { name: 'Name' })).toBeTruthy();
  await user.click(table.getByRole('button', { name: 'Edit other' }));
  const drawer = within(await screen.findByRole('dialog', { name: 'Thing other' }));
  expect(drawer.getByText('The form of other')).toBeTruthy();
  await user.click(drawer.getByRole('button', { name: 'Done' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
});

it('leads to a first one where there is none', async () => {
  showLinked(<Things read={() => Promise.resolve([])} />);
  expect(await screen.findByText('There is no thing yet.')).toBeTruthy();
  expect(screen.queryByRole('table')).toBeNull();
  await user.click(screen.getByRole('button', { name: 'New thing' }));
  const drawer = within(await screen.findByRole('dialog', { name: 'New thing' }));
  expect(drawer.getByText('The form of a new one')).toBeTruthy();
  await user.click(drawer.getByRole('button', { name: 'Close' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
});

it('says why the list could not be read', async () => {
  showLinked(<Things read={() => Promise.reject(new Error('the disk is full'))} />);
  expect(await screen.findByText('The things could not be read')).toBeTruthy();
  expect(screen.getByText('the disk is full')).toBeTruthy();
});
