import { Button, Group, Stack, Table } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import { Fragment } from 'react';
import type { ReactNode } from 'react';

import { Answer } from '../../components/Answer';
import { SideDialog } from '../../components/Dialog';
import { useOpened } from '../../components/document/useDraft';
import { useMay } from '../../data/permissions';
import { Nothing } from './Nothing';

interface CollectionProps<T extends { name: string }> {
  query: UseQueryResult<T[]>;
  /** Such as "channel", the word of the form's kind too; the table is called by the word with an s. */
  word: string;
  /** What is said where there is none. */
  nothing: ReactNode;
  columns: readonly string[];
  row: (item: T, edit: () => void) => ReactNode;
  /** The form of one, or with null of a new one. */
  form: (item: T | null, close: () => void) => ReactNode;
}

/** A list of things, each of which is edited in a drawer beside it, and the way to a new one. */
export function Collection<T extends { name: string }>({
  query,
  word,
  nothing,
  columns,
  row,
  form,
}: CollectionProps<T>) {
  const may = useMay();
  // What is edited, null for a new one; undefined for none.
  const [edited, setEdited] = useOpened<T>(word);
  const close = () => setEdited(undefined);
  const create = may('settings.edit') && (
    <Button size="xs" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setEdited(null)}>
      New {word}
    </Button>
  );
  const called = word.charAt(0).toUpperCase() + word.slice(1);
  return (
    <>
      <Answer
        query={query}
        what={`The ${word}s`}
        empty={{
          when: (all) => all.length === 0,
          text: <Nothing action={create}>{nothing}</Nothing>,
        }}
      >
        {(all) => (
          <Stack gap="sm">
            <Group justify="flex-end">{create}</Group>
            <div className="panel" style={{ overflowX: 'auto' }}>
              <Table aria-label={`${called}s`} highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    {columns.map((column) => (
                      <Table.Th key={column}>{column}</Table.Th>
                    ))}
                    <Table.Th aria-label="Actions" />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {all.map((item) => (
                    <Fragment key={item.name}>{row(item, () => setEdited(item))}</Fragment>
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          </Stack>
        )}
      </Answer>
      <SideDialog
        opened={edited !== undefined}
        onClose={close}
        position="right"
        size="lg"
        title={edited ? `${called} ${edited.name}` : `New ${word}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {edited !== undefined && <Fragment key={edited?.name ?? ''}>{form(edited, close)}</Fragment>}
      </SideDialog>
    </>
  );
}
