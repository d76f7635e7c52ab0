import { Anchor, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { CSSProperties } from 'react';

import { Panel } from '../../components/Page';
import { colorOf, states } from '../../components/states';
import { percent } from '../../components/Trend';
import { servers as serversQuery } from '../../data/servers';
import type { Server } from '../../data/servers';
import { virtualServers } from '../../data/virtualServers';
import classes from './Overview.module.css';

/** Every server as a tile: its runs as a number, its load as how full its colour is, its state as its border and icon. */
export function FleetMap() {
  const servers = useQuery(serversQuery).data ?? [];
  const groups = useQuery(virtualServers).data ?? [];
  if (servers.length === 0) return null;
  const byName = new Map(servers.map((server) => [server.name, server]));
  const alone = servers.filter(({ virtualServers: of }) => of.length === 0);
  return (
    <Panel
      title="Fleet"
      actions={
        <Text size="xs" c="dimmed">
          number: slots in use · fill: CPU
        </Text>
      }
    >
      <div className={classes.map}>
        {groups.map((group) => {
          const members = group.members.flatMap((name) => byName.get(name) ?? []);
          return (
            <section key={group.name} className={classes.group} aria-label={group.name}>
              <Anchor
                component={Link}
                to={`/virtual-servers?show=${encodeURIComponent(group.name)}`}
                size="sm"
                fw={500}
              >
                {group.name}
              </Anchor>
              <Tiles servers={members} />
            </section>
          );
        })}
        {alone.length > 0 && (
          <section className={classes.group} aria-label="In no group">
            <Text size="sm" c="dimmed">
              in no group
            </Text>
            <Tiles servers={alone} />
          </section>
        )}
      </div>
    </Panel>
  );
}

/** The strongest fill, in percent, so that the number on it can be read. */
const fullest = 45;

function Tiles({ servers }: { servers: Server[] }) {
  if (servers.length === 0) {
    return (
      <Text size="xs" c="dimmed" mt={4}>
        no members
      </Text>
    );
  }
  return (
    <div className={classes.tiles} style={{ marginTop: 4 }}>
      {servers.map(({ name, state, slots, slotsUsed, cpu }) => (
        <Tile key={name} name={name} state={state} slots={slots} slotsUsed={slotsUsed} cpu={cpu} />
      ))}
    </div>
  );
}

/** One server. It is drawn anew only where something of it has changed: there may be hundreds. */
const Tile = memo(function Tile({
  name,
  state,
  slots,
  slotsUsed,
  cpu,
}: Pick<Server, 'name' | 'state' | 'slots' | 'slotsUsed' | 'cpu'>) {
  const { icon: Icon, word } = states[state];
  const style = { '--tone': colorOf(state), '--load': `${Math.round((cpu ?? 0) * fullest)}%` };
  const title = `${name}: ${word}, ${slotsUsed} of ${slots} slots, CPU ${percent(cpu)}`;
  return (
    <Link
      to="/servers/$name"
      params={{ name }}
      className={`${classes.tile} number`}
      style={style as CSSProperties}
      title={title}
      aria-label={title}
    >
      {state === 'online' ? slotsUsed : <Icon size={17} color={colorOf(state)} aria-hidden />}
    </Link>
  );
});
