import { Anchor, Group, Text } from '@mantine/core';
import { IconCircleCheck, IconPlayerPause } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Answer } from '../../components/Answer';
import { Ago } from '../../components/instants';
import { Panel } from '../../components/Page';
import { StateBadge } from '../../components/StateBadge';
import { chosenOf, deadDeliveriesPage, moreOf, useAttention } from '../../data/attention';
import type { Count, Trouble } from '../../data/attention';
import { pauseText, pausedTriggers, pauses } from '../../data/schedule';
import { useUntold } from '../../data/untold';
import classes from './Overview.module.css';

/** So many are shown, of each kind some; the pages of runs and servers have them all. */
const shownMost = 10;

/** What is wrong now, the worst first, with how much there is of each kind. */
export function Troubles() {
  const { troubles, counts, total, known } = useAttention();
  const held = useQuery(pauses).data ?? [];
  const single = useQuery(pausedTriggers).data ?? [];
  const untold = useUntold();
  if (untold) {
    return (
      <Answer query={untold} what="What needs attention">
        {() => null}
      </Answer>
    );
  }
  if (!known) return null;
  if (total === 0) {
    return (
      <Group id="attention" gap="xs" className="panel" p="sm" px="md">
        <IconCircleCheck size={18} color="var(--tone-ok)" aria-hidden />
        <Text size="sm">Nothing needs attention.</Text>
      </Group>
    );
  }
  const shown = chosenOf(troubles, shownMost);
  const paused = [...held, ...single].slice(0, shownMost);
  return (
    <div id="attention">
      <Panel title="Needs attention" actions={<Counts counts={counts} />} flush>
        <div role="list">
          {shown.map((trouble) => (
            <Row key={trouble.key} trouble={trouble} />
          ))}
          {paused.map((pause) => (
            <div
              key={`${pause.owner ?? ''}/${pause.trigger ?? ''}`}
              role="listitem"
              className={classes.trouble}
            >
              <IconPlayerPause size={16} color="var(--tone-held)" aria-hidden />
              <Text size="sm" style={{ gridColumn: '2 / 4' }}>
                {pauseText(pause)}
              </Text>
              <Text size="xs" c="dimmed">
                <Ago at={pause.at} />
              </Text>
            </div>
          ))}
          <More counts={moreOf(counts, shown, paused.length)} />
        </div>
      </Panel>
    </div>
  );
}

const number = new Intl.NumberFormat();

/** Says what is wrong beside what is shown, and leads there. */
function More({ counts }: { counts: readonly Count[] }) {
  if (counts.length === 0) return null;
  return (
    <div role="listitem" className={classes.more}>
      <Text size="sm" c="dimmed">
        and {number.format(counts.reduce((sum, { count }) => sum + count, 0))} more:
      </Text>
      <Counts counts={counts} />
    </div>
  );
}

/** Leads from each kind to the page that has all of it. */
function Counts({ counts }: { counts: readonly Count[] }) {
  return (
    <Group gap="md">
      {counts.map(({ word, count, to }) => (
        <Anchor key={word} component={Link} to={to} size="sm" className="number">
          {number.format(count)} {word}
        </Anchor>
      ))}
    </Group>
  );
}

function Row({ trouble }: { trouble: Trouble }) {
  const { subject } = trouble;
  const name = encodeURIComponent(subject.id);
  const to = {
    server: `/servers/${name}`,
    run: `/runs/${name}`,
    delivery: `${deadDeliveriesPage}&channel=${name}`,
  }[subject.kind];
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
        {trouble.since && <Ago at={trouble.since} row />}
      </Text>
    </div>
  );
}
