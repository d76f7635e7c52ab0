import { Anchor, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Answer } from '../../components/Answer';
import { outcome, whatIf } from '../../data/servers';

/** What would happen to each run on a server if it died now. */
export function WhatIfTable({ server }: { server: string }) {
  const query = useQuery(whatIf(server));
  return (
    <Answer
      query={query}
      what="What would happen"
      empty={{ when: (all) => all.length === 0, text: 'Nothing runs there, so nothing would happen.' }}
    >
      {(all) => (
        <div style={{ overflowX: 'auto' }}>
          <Table aria-label="If it died now">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Run</Table.Th>
                <Table.Th>Would</Table.Th>
                <Table.Th>Why</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {all.map((answer) => (
                <Table.Tr key={answer.run}>
                  <Table.Td>
                    <Anchor component={Link} to={`/runs/${answer.run}`} size="sm">
                      {answer.task}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm">{outcome(answer)}</Text>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm" c="dimmed">
                      {answer.reason}
                    </Text>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </Answer>
  );
}
