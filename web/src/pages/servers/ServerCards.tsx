import { Anchor, Group, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';

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

/** Servers as cards. */
export function ServerCards({ servers }: { servers: Server[] }) {
  return (
    <div className={classes.cards}>
      {servers.map((server) => (
        <article key={server.name} className={`panel ${classes.card}`} aria-label={server.name}>
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
            {server.agentVersion} · seen <Ago at={server.lastSeen} />
          </Text>
        </article>
      ))}
    </div>
  );
}
