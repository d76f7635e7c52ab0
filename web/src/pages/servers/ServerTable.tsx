import { Table } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { ReactNode } from 'react';
import { TableVirtuoso } from 'react-virtuoso';
import type { TableComponents } from 'react-virtuoso';

import { Glow } from '../../components/Glow';
import { Ago } from '../../components/instants';
import { StateBadge } from '../../components/StateBadge';
import { TrendLine, newest, useTrend } from '../../components/Trend';
import type { Gauge } from '../../components/Trend';
import type { Server, TrendPoint } from '../../data/servers';
import { Labels } from './Labels';
import { ServerActions } from './ServerActions';
import { ServerStars } from './ServerStars';
import classes from './Servers.module.css';

/** Up to how many rows all are drawn; beyond, those that are in sight. */
const plainMost = 60;

const head = (
  <Table.Tr>
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
    <Frame>
      <Table aria-label="Job servers" className={classes.table}>
        <Table.Thead>{head}</Table.Thead>
        <Table.Tbody>
          {servers.map((server) => (
            <tr key={server.name}>
              <Cells server={server} />
            </tr>
          ))}
        </Table.Tbody>
      </Table>
    </Frame>
  );
}

/** What the table stands in: where it has room its head stays in sight, and where not it scrolls to the sides. */
function Frame({ children }: { children: ReactNode }) {
  return (
    <div className={`panel ${classes.frame}`}>
      <div className={classes.sides}>{children}</div>
    </div>
  );
}

const parts: TableComponents<Server> = {
  Table: ({ style, children }) => (
    <Table {...(style ? { style } : {})} aria-label="Job servers" className={classes.table}>
      {children}
    </Table>
  ),
};

function LongTable({ servers }: { servers: Server[] }) {
  return (
    <Frame>
      <TableVirtuoso
        useWindowScroll
        data={servers}
        components={parts}
        computeItemKey={(_, server) => server.name}
        increaseViewportBy={300}
        fixedHeaderContent={() => head}
        itemContent={(_, server) => <Cells server={server} />}
      />
    </Frame>
  );
}

/** A row's content. It is made of little: a table that is scrolled makes a hundred rows in a few seconds. */
const Cells = memo(function Cells({ server }: { server: Server }) {
  const points = useTrend(server);
  return (
    <>
      <td>
        <Link to="/servers/$name" params={{ name: server.name }} className={classes.name}>
          {server.name}
        </Link>
        {server.description !== '' && <div className={classes.words}>{server.description}</div>}
        <Labels labels={server.labels} />
      </td>
      <td>
        <Glow of={server.state}>
          <StateBadge state={server.state} />
        </Glow>
        {server.reason !== '' && <div className={classes.words}>{server.reason}</div>}
      </td>
      <td>
        <ServerStars server={server} />
      </td>
      {gauges.map((of) => (
        <td key={of}>
          <Measure server={server} of={of} points={points} />
        </td>
      ))}
      <td className={`${classes.small} number`}>{server.agentVersion || '–'}</td>
      <td className={classes.small}>
        <Ago at={server.lastSeen} row />
      </td>
      <td>
        <ServerActions server={server} />
      </td>
    </>
  );
});

const gauges: readonly Gauge[] = ['cpu', 'memory', 'disk', 'runs'];

function Measure(props: { server: Server; of: Gauge; points: readonly TrendPoint[] }) {
  const { server, of } = props;
  const text = newest(server, of);
  return (
    <span className={classes.measure}>
      <TrendLine {...props} width={40} />
      <span className="number">{of === 'runs' ? <Glow of={server.slotsUsed}>{text}</Glow> : text}</span>
    </span>
  );
}
