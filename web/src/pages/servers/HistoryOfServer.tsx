import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { Answer } from '../../components/Answer';
import { Instant } from '../../components/instants';
import { historyOf } from '../../data/events';

/** What has happened to a server, the newest first. */
export function HistoryOfServer({ server }: { server: string }) {
  const query = useQuery(historyOf(server));
  return (
    <Answer
      query={query}
      what="The history"
      empty={{ when: (all) => all.length === 0, text: 'Nothing has happened to it yet.' }}
    >
      {(all) => (
        <Table aria-label="History">
          <Table.Tbody>
            {all.map((event, i) => (
              <Table.Tr key={event.id}>
                <Table.Td w={190} style={{ whiteSpace: 'nowrap' }}>
                  <Text size="sm" c="dimmed" component="span">
                    <Instant at={event.at} row={i > 0} />
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Text size="sm">
                    {happened(event.kind)}
                    {event.reason !== '' && `: ${event.reason}`}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Answer>
  );
}

/** Says a kind of event as words, such as "declared dead" for "server.declared_dead". */
export function happened(kind: string): string {
  return kind.slice(kind.indexOf('.') + 1).replaceAll('_', ' ');
}
