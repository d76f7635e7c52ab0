import { Anchor, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Answer } from '../../components/Answer';
import { Elapsed, Instant } from '../../components/instants';
import { Panel } from '../../components/Page';
import { StateBadge } from '../../components/StateBadge';
import { newestRuns } from '../../data/runs';
import type { Run } from '../../data/runs';

const shown = 10;

/** What ran last. */
export function NewestRuns() {
  const query = useQuery(newestRuns);
  return (
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
        empty={{ when: (all) => all.length === 0, text: 'Nothing has run yet.' }}
      >
        {(all) => (
          <Table aria-label="Newest runs" highlightOnHover miw={620}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Task</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th>Server</Table.Th>
                <Table.Th>Queued</Table.Th>
                <Table.Th>Duration</Table.Th>
                <Table.Th>Reason</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {all.slice(0, shown).map((run) => (
                <RunRow key={run.id} run={run} />
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Answer>
    </Panel>
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
        <Instant at={run.queuedAt} />
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
