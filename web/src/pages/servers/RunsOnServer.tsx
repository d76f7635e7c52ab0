import { Anchor, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Answer } from '../../components/Answer';
import { Elapsed } from '../../components/instants';
import { StateBadge } from '../../components/StateBadge';
import { runsOn } from '../../data/runs';

/** The runs that are on a server now. */
export function RunsOnServer({ server }: { server: string }) {
  const query = useQuery(runsOn(server));
  return (
    <Answer
      query={query}
      what="The runs"
      empty={{ when: (all) => all.length === 0, text: 'Nothing runs there.' }}
    >
      {(all) => (
        <Table aria-label="What runs there">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Task</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>For</Table.Th>
              <Table.Th>Progress</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {all.map((run) => (
              <Table.Tr key={run.id}>
                <Table.Td>
                  <Anchor component={Link} to={`/runs/${run.id}`} size="sm" title={run.id}>
                    {run.task}
                  </Anchor>
                </Table.Td>
                <Table.Td>
                  <StateBadge state={run.state} />
                </Table.Td>
                <Table.Td>
                  <Elapsed from={run.startedAt} to={null} />
                </Table.Td>
                <Table.Td className="number">
                  {run.progress ? `${Math.round(run.progress.percent)} % ${run.progress.message}` : '–'}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Answer>
  );
}
