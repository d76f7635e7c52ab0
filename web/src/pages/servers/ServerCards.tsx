import { Anchor, Group, Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { Virtuoso } from 'react-virtuoso';

import { Ago } from '../../components/instants';
import { Glow } from '../../components/Glow';
import { StateBadge } from '../../components/StateBadge';
import { Trend, newest } from '../../components/Trend';
import type { Gauge } from '../../components/Trend';
import type { Server } from '../../data/servers';
import { Labels } from './Labels';
import { ServerActions } from './ServerActions';
import { ServerStars } from './ServerStars';
import classes from './Servers.module.css';

const gauges: [Gauge, string][] = [
  ['cpu', 'CPU'],
  ['memory', 'Memory'],
  ['disk', 'Disk'],
  ['runs', 'Slots'],
];

/** Up to how many cards all are drawn; beyond, those that are in sight. */
const plainMost = 60;

/** The least width of a card and the gap between two, in pixels, as in .cards. */
const cardWidth = 280;
const gap = 16;

/** Servers as cards. */
export function ServerCards({ servers }: { servers: Server[] }) {
  if (servers.length > plainMost) return <LongCards servers={servers} />;
  return (
    <div className={classes.cards}>
      {servers.map((server) => (
        <Card key={server.name} server={server} />
      ))}
    </div>
  );
}

/** Shares out servers over rows of so many cards as a width has room for. */
export function rowsOf(servers: readonly Server[], width: number): Server[][] {
  const columns = Math.max(1, Math.floor((width + gap) / (cardWidth + gap)));
  return Array.from({ length: Math.ceil(servers.length / columns) }, (_, i) =>
    servers.slice(i * columns, (i + 1) * columns),
  );
}

/** Cards in rows, of which those in sight are drawn: cards differ in their heights, and those of a row do not. */
function LongCards({ servers }: { servers: Server[] }) {
  const { ref, width } = useElementSize();
  return (
    <div ref={ref}>
      {width > 0 && (
        <Virtuoso
          useWindowScroll
          data={rowsOf(servers, width)}
          computeItemKey={(_, row) => row[0]?.name ?? ''}
          increaseViewportBy={300}
          itemContent={(_, row) => (
            <div className={`${classes.cards} ${classes.row}`}>
              {row.map((server) => (
                <Card key={server.name} server={server} />
              ))}
            </div>
          )}
        />
      )}
    </div>
  );
}

const Card = memo(function Card({ server }: { server: Server }) {
  return (
    <article className={`panel ${classes.card}`} aria-label={server.name}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Group gap="xs">
          <Anchor component={Link} to={`/servers/${encodeURIComponent(server.name)}`} fw={600}>
            {server.name}
          </Anchor>
          <Glow of={server.state}>
            <StateBadge state={server.state} />
          </Glow>
        </Group>
        <ServerActions server={server} />
      </Group>
      {server.reason !== '' && (
        <Text size="xs" c="dimmed">
          {server.reason}
        </Text>
      )}
      <ServerStars server={server} />
      <div className={classes.gauges}>
        {gauges.map(([of, name]) => (
          <div key={of} className={classes.gauge}>
            <span>
              {name} <span className="number">{newest(server, of)}</span>
            </span>
            <Trend server={server} of={of} width={110} />
          </div>
        ))}
      </div>
      <Labels labels={server.labels} />
      <Text size="xs" c="dimmed">
        {server.agentVersion} · seen <Ago at={server.lastSeen} row />
      </Text>
    </article>
  );
});
