import { Anchor, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Answer } from '../../components/Answer';
import { Instant, useNow } from '../../components/instants';
import { Panel } from '../../components/Page';
import { duration } from '../../data/instants';
import { coming } from '../../data/schedule';

/** What comes next by itself. */
export function Coming() {
  const query = useQuery(coming);
  const now = useNow();
  return (
    <Panel title="Next" flush>
      <Answer
        query={query}
        what="What comes next"
        empty={{ when: (all) => all.length === 0, text: 'No trigger is set, so nothing starts by itself.' }}
      >
        {(all) => (
          <Table aria-label="Next occurrences">
            <Table.Tbody>
              {all.map(({ at, owner, trigger, zone }) => (
                <Table.Tr key={`${owner.name}/${trigger}/${at.getTime()}`}>
                  <Table.Td>
                    <Anchor
                      component={Link}
                      to={`/${owner.kind}s/${encodeURIComponent(owner.name)}`}
                      size="sm"
                    >
                      {owner.name}
                    </Anchor>
                    <Text size="xs" c="dimmed">
                      {trigger}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm" component="span">
                      <Instant at={at} zone={zone} row />
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Text size="sm" c="dimmed" className="number">
                      in {duration(at.getTime() - now)}
                    </Text>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Answer>
    </Panel>
  );
}
