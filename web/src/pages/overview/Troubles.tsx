import { Anchor, Group, Text } from '@mantine/core';
import { IconCircleCheck, IconPlayerPause } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Ago } from '../../components/instants';
import { Panel } from '../../components/Page';
import { StateBadge } from '../../components/StateBadge';
import { useTroubles } from '../../data/attention';
import type { Trouble } from '../../data/attention';
import { pauseText, pauses } from '../../data/schedule';
import classes from './Overview.module.css';

/** So many are shown; the pages of runs and servers have them all. */
const shownMost = 10;

/** What is wrong now, the worst first. */
export function Troubles() {
  const { troubles, known } = useTroubles();
  const paused = useQuery(pauses).data ?? [];
  if (!known) return null;
  if (troubles.length + paused.length === 0) {
    return (
      <Group id="attention" gap="xs" className="panel" p="sm" px="md">
        <IconCircleCheck size={18} color="var(--tone-ok)" aria-hidden />
        <Text size="sm">Nothing needs attention.</Text>
      </Group>
    );
  }
  return (
    <div id="attention">
      <Panel title="Needs attention" flush>
        <div role="list">
          {troubles.slice(0, shownMost).map((trouble) => (
            <Row key={trouble.key} trouble={trouble} />
          ))}
          {paused.map((pause, i) => (
            <div key={i} role="listitem" className={classes.trouble}>
              <IconPlayerPause size={16} color="var(--tone-held)" aria-hidden />
              <Text size="sm" style={{ gridColumn: '2 / 4' }}>
                {pauseText(pause)}
              </Text>
              <Text size="xs" c="dimmed">
                <Ago at={pause.at} />
              </Text>
            </div>
          ))}
        </div>
        {troubles.length > shownMost && (
          <Text size="sm" c="dimmed" px="md" py="xs">
            and {troubles.length - shownMost} more:{' '}
            <Anchor component={Link} to="/runs?state=failed,timed_out,lost,unknown,queued" size="sm">
              all runs that need attention
            </Anchor>
          </Text>
        )}
      </Panel>
    </div>
  );
}

function Row({ trouble }: { trouble: Trouble }) {
  const { subject } = trouble;
  const to = subject.kind === 'server' ? `/servers/${encodeURIComponent(subject.id)}` : `/runs/${subject.id}`;
  return (
    <div role="listitem" className={classes.trouble}>
      <StateBadge state={trouble.state} />
      <Anchor component={Link} to={to} size="sm" fw={600} truncate>
        {subject.name}
      </Anchor>
      <Text size="sm" c="dimmed" lineClamp={2}>
        {trouble.text}
      </Text>
      <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
        {trouble.since && <Ago at={trouble.since} />}
      </Text>
    </div>
  );
}
