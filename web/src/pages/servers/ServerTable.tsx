import { Anchor, Group, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { TableVirtuoso } from 'react-virtuoso';
import type { TableComponents } from 'react-virtuoso';

import { Glow } from '../../components/Glow';
import { Ago } from '../../components/instants';
import { StateBadge } from '../../components/StateBadge';
import { Trend, newest } from '../../components/Trend';
import type { Gauge } from '../../components/Trend';
import type { Server } from '../../data/servers';
import { Labels } from './Labels';
import { ServerActions } from './ServerActions';
import { ServerStars } from './ServerStars';

/** Up to how many rows all are drawn; beyond, those that are in sight. */
const plainMost = 60;

const head = (
  <Table.Tr bg="var(--panel)">
    <Table.Th>Name</Table.Th>
    <Table.Th>State</Table.Th>
    <Table.Th>Rating</Table.Th>
    <Table.Th>CPU</Table.Th>
    <Table.Th>Memory</Table.Th>
    <Table.Th>Disk</Table.Th>
    <Table.Th>Slots</Table.Th>
    <Table.Th>Version</Table.Th>
    <Table.Th>Last seen</Table.Th>
    <Table.Th aria-label="Actions" />
  </Table.Tr>
);

/** Servers as rows. */
export function ServerTable({ servers }: { servers: Server[] }) {
  if (servers.length > plainMost) return <LongTable servers={servers} />;
  return (
    <div className="panel" style={{ overflowX: 'auto' }}>
      <Table aria-label="Job servers" highlightOnHover>
        <Table.Thead>{head}</Table.Thead>
        <Table.Tbody>
          {servers.map((server) => (
            <Table.Tr key={server.name}>
              <Cells server={server} />
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

const parts: TableComponents<Server> = {
  Table: ({ style, children }) => (
    <Table {...(style ? { style } : {})} aria-label="Job servers" highlightOnHover>
      {children}
    </Table>
  ),
};

function LongTable({ servers }: { servers: Server[] }) {
  return (
    <div className="panel" style={{ overflowX: 'auto' }}>
      <TableVirtuoso
        useWindowScroll
        data={servers}
        components={parts}
        computeItemKey={(_, server) => server.name}
        increaseViewportBy={300}
        fixedHeaderContent={() => head}
        itemContent={(_, server) => <Cells server={server} />}
      />
    </div>
  );
}

const Cells = memo(function Cells({ server }: { server: Server }) {
  return (
    <>
      <Table.Td>
        <Anchor component={Link} to={`/servers/${encodeURIComponent(server.name)}`} fw={600} size="sm">
          {server.name}
        </Anchor>
        {server.description !== '' && (
          <Text size="xs" c="dimmed" lineClamp={1}>
            {server.description}
          </Text>
        )}
        <Labels labels={server.labels} />
      </Table.Td>
      <Table.Td>
        <Glow of={server.state}>
          <StateBadge state={server.state} />
        </Glow>
        {server.reason !== '' && (
          <Text size="xs" c="dimmed" lineClamp={2}>
            {server.reason}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <ServerStars server={server} />
      </Table.Td>
      <Cell server={server} of="cpu" />
      <Cell server={server} of="memory" />
      <Cell server={server} of="disk" />
      <Cell server={server} of="runs" />
      <Table.Td>
        <Text size="xs" c="dimmed" className="number">
          {server.agentVersion || '–'}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          <Ago at={server.lastSeen} />
        </Text>
      </Table.Td>
      <Table.Td>
        <ServerActions server={server} />
      </Table.Td>
    </>
  );
});

function Cell({ server, of }: { server: Server; of: Gauge }) {
  return (
    <Table.Td>
      <Group gap={6} wrap="nowrap">
        <Trend server={server} of={of} width={52} />
        <Text size="xs" className="number" style={{ whiteSpace: 'nowrap' }}>
          {of === 'runs' ? <Glow of={server.slotsUsed}>{newest(server, of)}</Glow> : newest(server, of)}
        </Text>
      </Group>
    </Table.Td>
  );
}
