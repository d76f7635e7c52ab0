import { Anchor, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer } from '../../components/Answer';
import { Elapsed, Instant } from '../../components/instants';
import { Panel } from '../../components/Page';
import { StateBadge } from '../../components/StateBadge';
import { useGlide } from '../../components/useGlide';
import { useReading } from '../../components/useReading';
import { newestRuns } from '../../data/runs';
import type { Run } from '../../data/runs';
import classes from './Overview.module.css';

const shown = 10;

/** What ran last: live, and still while one reads in it. */
export function NewestRuns() {
  const query = useQuery(newestRuns);
  const { reading, within } = useReading();
  const [held, setHeld] = useState<string[] | null>(null);
  const all = query.data ?? [];
  const runs = stillRuns(held, all);
  // What is not among those that were read any more cannot be shown as it is.
  const lost = held !== null && runs === null;
  if (held && (!reading || lost)) setHeld(null);
  if (!held && reading && all.length > 0) setHeld(newest(all).map(({ id }) => id));
  return (
    <div {...within}>
      <Panel
        title="Newest runs"
        flush
        actions={
          <Anchor component={Link} to="/runs" size="sm">
            All runs
          </Anchor>
        }
      >
        <Answer
          query={query}
          what="The runs"
          empty={{ when: (read) => read.length === 0, text: 'Nothing has run yet.' }}
        >
          {() => <Rows runs={runs ?? newest(all)} />}
        </Answer>
      </Panel>
    </div>
  );
}

const newest = (all: readonly Run[]) => all.slice(0, shown);

/** Returns the runs that are held, as they are now; null where nothing is held, or one of them is not among all. */
export function stillRuns(held: readonly string[] | null, all: readonly Run[]): Run[] | null {
  if (held === null) return null;
  const runs = all.filter(({ id }) => held.includes(id));
  return runs.length === held.length ? runs : null;
}

function Rows({ runs }: { runs: Run[] }) {
  const body = useGlide<HTMLTableSectionElement>(
    runs.map(({ id }) => id),
    'newest',
  );
  return (
    <Table aria-label="Newest runs" highlightOnHover miw={620}>
      <Table.Thead className={classes.over ?? ''}>
        <Table.Tr>
          <Table.Th>Task</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th>Server</Table.Th>
          <Table.Th>Queued</Table.Th>
          <Table.Th>Duration</Table.Th>
          <Table.Th>Reason</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody ref={body}>
        {runs.map((run) => (
          <RunRow key={run.id} run={run} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function RunRow({ run }: { run: Run }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} to={`/runs/${run.id}`} title={run.id} size="sm" fw={500}>
          {run.task}
        </Anchor>
      </Table.Td>
      <Table.Td>
        <StateBadge state={run.state} />
      </Table.Td>
      <Table.Td>{run.server ?? '–'}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Instant at={run.queuedAt} row />
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Elapsed from={run.startedAt} to={run.endedAt} />
      </Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed" lineClamp={2}>
          {run.reason}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}
