import { Anchor, Badge, Card, Group, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Answer } from '../../components/Answer';
import { Elapsed, Instant } from '../../components/instants';
import { Meter } from '../../components/Meter';
import { Stars } from '../../components/Stars';
import { StateBadge } from '../../components/StateBadge';
import { newestRuns } from '../../data/runs';
import type { Run } from '../../data/runs';
import { servers } from '../../data/servers';
import type { Server } from '../../data/servers';
import { virtualServers } from '../../data/virtualServers';
import type { VirtualServer } from '../../data/virtualServers';

/** Everything at a glance: the servers, how they are grouped, and what ran last. */
export function Overview() {
  return (
    <Stack gap="xl">
      <Servers />
      <VirtualServers />
      <Runs />
    </Stack>
  );
}

function Servers() {
  const query = useQuery(servers);
  return (
    <section aria-labelledby="servers">
      <Title order={2} size="h4" id="servers" mb="xs">
        Job servers
      </Title>
      <Answer
        query={query}
        what="The servers"
        empty={{
          when: (all) => all.length === 0,
          text: 'No job server has joined yet. “segno server join-token” gives the line to run on a host.',
        }}
      >
        {(all) => (
          <Table.ScrollContainer minWidth={680}>
            <Table aria-labelledby="servers">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Name</Table.Th>
                  <Table.Th>State</Table.Th>
                  <Table.Th>Rating</Table.Th>
                  <Table.Th>Slots</Table.Th>
                  <Table.Th>CPU</Table.Th>
                  <Table.Th>Memory</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {all.map((server) => (
                  <ServerRow key={server.name} server={server} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Answer>
    </section>
  );
}

function ServerRow({ server }: { server: Server }) {
  const cores = server.cpus === null ? '' : ` of ${Number(server.cpus.toFixed(1))} processors`;
  return (
    <Table.Tr>
      <Table.Td fw={500}>{server.name}</Table.Td>
      <Table.Td>
        <Group gap="xs">
          <StateBadge state={server.state} />
          {server.reason !== '' && (
            <Text size="sm" c="dimmed">
              {server.reason}
            </Text>
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        <Stars rating={server.rating} />
      </Table.Td>
      <Table.Td>
        <Meter
          value={server.slotsUsed / server.slots}
          label={`${server.slotsUsed}/${server.slots}`}
          title={`${server.slotsUsed} of ${server.slots} slots in use`}
        />
      </Table.Td>
      <Table.Td>
        <Meter
          value={server.cpu}
          label={percent(server.cpu)}
          title={`${percent(server.cpu)}${cores} in use`}
        />
      </Table.Td>
      <Table.Td>
        <Meter
          value={server.memory}
          label={percent(server.memory)}
          title={`${percent(server.memory)} of the memory in use`}
        />
      </Table.Td>
    </Table.Tr>
  );
}

function percent(share: number | null): string {
  return share === null ? '–' : `${Math.round(share * 100)} %`;
}

function VirtualServers() {
  const groups = useQuery(virtualServers);
  const all = useQuery(servers);
  const byName = new Map((all.data ?? []).map((server) => [server.name, server]));
  return (
    <section aria-labelledby="virtual-servers">
      <Title order={2} size="h4" id="virtual-servers" mb="xs">
        Virtual servers
      </Title>
      <Answer
        query={groups}
        what="The virtual servers"
        empty={{
          when: (list) => list.length === 0,
          text: 'There is no virtual server yet. “segno vs create” makes one.',
        }}
      >
        {(list) => (
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
            {list.map((group) => (
              <GroupCard key={group.name} group={group} byName={byName} />
            ))}
          </SimpleGrid>
        )}
      </Answer>
    </section>
  );
}

function GroupCard({ group, byName }: { group: VirtualServer; byName: Map<string, Server> }) {
  return (
    <Card withBorder component="article" aria-label={group.name}>
      <Group justify="space-between" mb="xs">
        <Text fw={600}>{group.name}</Text>
        <Badge variant="default" tt="none">
          {group.active ? group.selection : 'inactive'}
        </Badge>
      </Group>
      {group.description !== '' && (
        <Text size="sm" c="dimmed" mb="xs">
          {group.description}
        </Text>
      )}
      {group.members.length === 0 && <Text c="dimmed">It has no members.</Text>}
      <Stack gap={6}>
        {group.members.map((name) => {
          const server = byName.get(name);
          return (
            <Group key={name} justify="space-between">
              <Text size="sm">{name}</Text>
              {server &&
                (server.state === 'online' ? (
                  <Stars rating={server.rating} />
                ) : (
                  <StateBadge state={server.state} />
                ))}
            </Group>
          );
        })}
      </Stack>
    </Card>
  );
}

function Runs() {
  const query = useQuery(newestRuns);
  return (
    <section aria-labelledby="runs">
      <Title order={2} size="h4" id="runs" mb="xs">
        Newest runs
      </Title>
      <Answer
        query={query}
        what="The runs"
        empty={{
          when: (all) => all.length === 0,
          text: 'Nothing has run yet. “segno run start TASK” starts a run.',
        }}
      >
        {(all) => (
          <Table.ScrollContainer minWidth={680}>
            <Table aria-labelledby="runs" highlightOnHover>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Task</Table.Th>
                  <Table.Th>State</Table.Th>
                  <Table.Th>Server</Table.Th>
                  <Table.Th>Queued</Table.Th>
                  <Table.Th>Took</Table.Th>
                  <Table.Th>Reason</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {all.map((run) => (
                  <RunRow key={run.id} run={run} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Answer>
    </section>
  );
}

function RunRow({ run }: { run: Run }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} to={`/runs/${run.id}`} title={run.id}>
          {run.task}
        </Anchor>
      </Table.Td>
      <Table.Td>
        <StateBadge state={run.state} />
      </Table.Td>
      <Table.Td>{run.server ?? '–'}</Table.Td>
      <Table.Td>
        <Instant at={run.queuedAt} />
      </Table.Td>
      <Table.Td>
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
