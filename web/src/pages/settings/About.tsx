import { Anchor, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { Answer } from '../../components/Answer';
import { Panel } from '../../components/Page';
import { about } from '../../data/about';
import { SettingsPage } from './SettingsPage';

/** What this conductor is, and where to read on. */
export function About() {
  const query = useQuery(about);
  return (
    <SettingsPage title="About">
      <Panel title="Segno">
        <Answer query={query} what="The version">
          {({ version }) => (
            <Table variant="vertical" layout="fixed" aria-label="About Segno">
              <Table.Tbody>
                <Table.Tr>
                  <Table.Th w={160}>Version</Table.Th>
                  <Table.Td>{version}</Table.Td>
                </Table.Tr>
                <Table.Tr>
                  <Table.Th>API</Table.Th>
                  <Table.Td>
                    <Anchor href="/api/v1/openapi.yaml" size="sm">
                      OpenAPI description
                    </Anchor>
                  </Table.Td>
                </Table.Tr>
                <Table.Tr>
                  <Table.Th>Licence</Table.Th>
                  <Table.Td>Apache License 2.0</Table.Td>
                </Table.Tr>
              </Table.Tbody>
            </Table>
          )}
        </Answer>
      </Panel>
    </SettingsPage>
  );
}
