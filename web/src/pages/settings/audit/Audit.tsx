import { Button, Group, Table } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';

import { Answer } from '../../../components/Answer';
import { deeds } from '../../../data/audit';
import type { Deed } from '../../../data/audit';
import { Nothing } from '../Nothing';
import { SettingsPage } from '../SettingsPage';
import classes from './Audit.module.css';
import { AuditFilters, useAuditFilter } from './AuditFilters';
import { DeedRow } from './DeedRow';

/** Who did what, when, from where and why, the newest first; what was refused too. */
export function Audit() {
  const filter = useAuditFilter();
  const query = useInfiniteQuery(deeds(filter));
  const all = query.data?.pages.flatMap((page) => page.deeds) ?? [];
  const filtered = Object.values(filter).some((value: string) => value !== '');
  return (
    <SettingsPage
      title="Audit log"
      about="What operators did, or tried to do and were refused. It is kept for 400 days, in the same transaction as what was done."
    >
      <AuditFilters filter={filter} filtered={filtered} />
      <Answer query={query} what="The audit log">
        {() =>
          all.length === 0 ? (
            <Nothing>
              {filtered
                ? 'Nothing of that kind was done.'
                : 'Nothing was done yet. A server that is drained, a run that is cancelled, whatever is removed: all of it shows here by itself.'}
            </Nothing>
          ) : (
            <Deeds deeds={all} busy={query.isPlaceholderData} />
          )
        }
      </Answer>
      {query.hasNextPage && (
        <Group justify="center">
          <Button
            variant="default"
            size="sm"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show older ones
          </Button>
        </Group>
      )}
    </SettingsPage>
  );
}

function Deeds({ deeds: all, busy }: { deeds: readonly Deed[]; busy: boolean }) {
  return (
    <div className="panel" aria-busy={busy}>
      <Table aria-label="Audit log" highlightOnHover className={`${classes.table} cards`}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>When</Table.Th>
            <Table.Th>Who</Table.Th>
            <Table.Th>Did</Table.Th>
            <Table.Th>To</Table.Th>
            <Table.Th>Reason</Table.Th>
            <Table.Th>Outcome</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {all.map((deed, i) => (
            <DeedRow key={deed.id} deed={deed} first={i === 0} />
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
