import { Group, Progress, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { Elapsed } from '../../components/instants';
import { colorOf, states } from '../../components/states';
import { servers } from '../../data/servers';
import { serverStates } from '../../data/states';
import { summary } from '../../data/summary';
import type { Summary } from '../../data/summary';
import classes from './Overview.module.css';

/** The fleet in four figures. */
export function Numbers() {
  const fleet = useQuery(servers).data;
  const counted = useQuery(summary).data;
  if (!fleet || fleet.length === 0) return null;
  const online = fleet.filter(({ state }) => state === 'online').length;
  const slots = fleet.reduce((sum, server) => sum + server.slots, 0);
  const used = fleet.reduce((sum, server) => sum + server.slotsUsed, 0);
  return (
    <div className={classes.numbers}>
      <Figure name="Servers online" to="/servers" value={`${online} of ${fleet.length}`}>
        <Progress value={(100 * online) / fleet.length} size="xs" mt={6} aria-hidden />
        {counted && <OtherStates servers={counted.servers} />}
      </Figure>
      <Figure name="Slots in use" to="/servers" value={`${used} of ${slots}`}>
        <Progress value={slots === 0 ? 0 : (100 * used) / slots} size="xs" mt={6} aria-hidden />
      </Figure>
      <Figure
        name="Waiting"
        to="/runs?state=queued"
        value={counted ? new Intl.NumberFormat().format(counted.queued) : '…'}
      >
        <Text size="xs" c="dimmed">
          {counted?.oldestQueuedAt ? (
            <>
              the oldest for <Elapsed from={counted.oldestQueuedAt} to={null} />
            </>
          ) : (
            'nothing waits'
          )}
        </Text>
      </Figure>
    </div>
  );
}

/** Counts the servers that are not online by their states. */
function OtherStates({ servers: counts }: Pick<Summary, 'servers'>) {
  const others = serverStates.filter((state) => state !== 'online' && counts[state] > 0);
  if (others.length === 0) return null;
  return (
    <Group gap="2px 12px" mt={6}>
      {others.map((state) => {
        const { icon: Icon, word } = states[state];
        return (
          <Text key={state} size="xs" c={colorOf(state)} className={`${classes.ofState} number`}>
            <Icon size={13} aria-hidden />
            {counts[state]} {word}
          </Text>
        );
      })}
    </Group>
  );
}

function Figure({
  name,
  value,
  to,
  children,
}: {
  name: string;
  value: string;
  to: string;
  children: ReactNode;
}) {
  return (
    <Link to={to} className={`panel ${classes.figure}`}>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text size="xl" fw={600} className="number">
        {value}
      </Text>
      {children}
    </Link>
  );
}
