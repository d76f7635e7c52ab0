import { Anchor, Group, Table, Text } from '@mantine/core';
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { Answer } from '../../components/Answer';
import { Elapsed, Instant } from '../../components/instants';
import { Panel } from '../../components/Page';
import { about } from '../../data/about';
import type { About as Facts, Check } from '../../data/about';
import { servers } from '../../data/servers';
import type { Server } from '../../data/servers';
import { bytes } from '../../data/sizes';
import { SettingsPage } from './SettingsPage';

/** What this conductor is, whether it can work, and where to read on. */
export function About() {
  const query = useQuery(about);
  const fleet = useQuery(servers).data ?? [];
  return (
    <SettingsPage title="About">
      <Answer query={query} what="What the conductor is">
        {(facts) => (
          <>
            <Panel title="Segno" flush>
              <Versions facts={facts} fleet={fleet} />
            </Panel>
            <Panel title={facts.ready ? 'Ready' : 'Not ready'} flush>
              <Checks checks={facts.checks} />
            </Panel>
            <Panel title="Conductors" flush>
              <Conductors facts={facts} />
            </Panel>
          </>
        )}
      </Answer>
    </SettingsPage>
  );
}

function Versions({ facts, fleet }: { facts: Facts; fleet: readonly Server[] }) {
  const { database } = facts;
  return (
    <Table variant="vertical" layout="fixed" aria-label="About Segno">
      <Table.Tbody>
        <Fact name="Version">
          {facts.version} <Dimmed>built with {facts.goVersion}</Dimmed>
        </Fact>
        <Fact name="Job servers">{agentVersions(fleet)}</Fact>
        <Fact name="Database">
          {database.kind} {database.version}{' '}
          <Dimmed>
            {bytes(database.bytes)}, schema {database.schema}
          </Dimmed>
        </Fact>
        <Fact name="API">
          <Anchor href="/api/v1/openapi.yaml" size="sm">
            OpenAPI description
          </Anchor>
        </Fact>
        <Fact name="Licence">Apache License 2.0</Fact>
      </Table.Tbody>
    </Table>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th w={130}>{name}</Table.Th>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{children}</Table.Td>
    </Table.Tr>
  );
}

function Dimmed({ children }: { children: ReactNode }) {
  return (
    <Text component="span" size="sm" c="dimmed">
      {children}
    </Text>
  );
}

/** Says how many job servers have which version, such as "1.2.0 on 3, 1.1.0 on 1". */
export function agentVersions(fleet: readonly Pick<Server, 'agentVersion'>[]): string {
  const counts = new Map<string, number>();
  for (const { agentVersion } of fleet) counts.set(agentVersion, (counts.get(agentVersion) ?? 0) + 1);
  const words = [...counts].sort(([, a], [, b]) => b - a).map(([version, count]) => `${version} on ${count}`);
  return words.length === 0 ? 'none has joined' : words.join(', ');
}

function Checks({ checks }: { checks: readonly Check[] }) {
  return (
    <Table aria-label="Checks">
      <Table.Tbody>
        {checks.map(({ name, ok, error, tookMs }) => (
          <Table.Tr key={name}>
            <Table.Td>
              <Group gap="xs" wrap="nowrap">
                {ok ? (
                  <IconCircleCheck size={18} color="var(--tone-ok)" role="img" aria-label="passed" />
                ) : (
                  <IconCircleX size={18} color="var(--tone-bad)" role="img" aria-label="failed" />
                )}
                <div>
                  <Text size="sm">{name}</Text>
                  {error !== '' && (
                    <Text size="sm" c="var(--tone-bad)" style={{ overflowWrap: 'anywhere' }}>
                      {error}
                    </Text>
                  )}
                </div>
              </Group>
            </Table.Td>
            <Table.Td ta="right" className="number">
              {tookMs > 0 && <Dimmed>{tookMs.toFixed(1)} ms</Dimmed>}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Conductors({ facts }: { facts: Facts }) {
  return (
    <Table aria-label="Conductors">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Host</Table.Th>
          <Table.Th>Version</Table.Th>
          <Table.Th>Up since</Table.Th>
          <Table.Th>For</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {facts.conductors.map(({ name, version, startedAt }) => (
          <Table.Tr key={name}>
            <Table.Td>{name}</Table.Td>
            <Table.Td>{version}</Table.Td>
            <Table.Td>
              <Instant at={startedAt} />
            </Table.Td>
            <Table.Td>
              <Elapsed from={startedAt} to={null} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
