import { ActionIcon, Button, Group, SegmentedControl, Text, Tooltip } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconZoomIn, IconZoomOut } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { Answer, Empty } from '../../components/Answer';
import { useNow } from '../../components/instants';
import { Page } from '../../components/Page';
import { useFilter } from '../../components/useFilter';
import { forecast, mostSpans, spans } from '../../data/timeline';
import type { Forecast, Span } from '../../data/timeline';
import { Chart } from './Chart';
import { layOut } from './layout';
import type { Bar } from './layout';
import classes from './Timeline.module.css';
import { lengths, useStretch } from './useStretch';

/** The fleet over time: what ran where, what runs, and what is to come, in lanes by server or by task. */
export function Timeline() {
  const now = useNow();
  const stretch = useStretch(now);
  const [lanesBy, setLanesBy] = useFilter('by', 'server');
  const by = lanesBy === 'task' ? 'task' : 'server';
  const query = useQuery(spans(stretch.read.from, stretch.read.to, stretch.read.to > now));
  const coming = useQuery({ ...forecast(stretch.read.to), enabled: stretch.read.to > now });
  const layout = useMemo(
    () => layOut(barsOf(query.data ?? [], coming.data ?? [], query.dataUpdatedAt), by, query.dataUpdatedAt),
    [query.data, coming.data, query.dataUpdatedAt, by],
  );
  const many = query.data?.length ?? 0;
  return (
    <Page
      title="Timeline"
      actions={
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="Lanes"
            value={by}
            data={[
              { value: 'server', label: 'by server' },
              { value: 'task', label: 'by task' },
            ]}
            onChange={setLanesBy}
          />
          <SegmentedControl
            size="xs"
            aria-label="Length"
            value={stretch.length}
            data={lengths.map(({ name }) => ({ value: name, label: name }))}
            onChange={stretch.setLength}
          />
        </Group>
      }
    >
      <section className="panel" aria-label="Timeline" aria-busy={query.isFetching}>
        <div className={classes.tools}>
          <ActionIcon.Group>
            <Tool label="Earlier" icon={<IconChevronLeft size={16} />} act={() => stretch.move(-0.5)} />
            <Tool label="Later" icon={<IconChevronRight size={16} />} act={() => stretch.move(0.5)} />
          </ActionIcon.Group>
          <ActionIcon.Group>
            <Tool label="Zoom in" icon={<IconZoomIn size={16} />} act={() => stretch.zoomBy(0.5)} />
            <Tool label="Zoom out" icon={<IconZoomOut size={16} />} act={() => stretch.zoomBy(2)} />
          </ActionIcon.Group>
          <Button
            size="compact-sm"
            variant={stretch.follows ? 'light' : 'default'}
            onClick={stretch.toNow}
            aria-pressed={stretch.follows}
          >
            Now
          </Button>
          <Text size="xs" c="dimmed" className="number" role="status">
            {many === 1 ? '1 attempt' : `${many.toLocaleString()} attempts`}
            {many >= mostSpans && ', the newest of more: zoom in to see all'}
          </Text>
          <Text size="xs" c="dimmed" ml="auto" visibleFrom="md">
            drag to move · Ctrl and wheel to zoom · arrow keys from bar to bar
          </Text>
        </div>
        <Answer query={query} what="The timeline">
          {() =>
            layout.lanes.length === 0 ? (
              <Empty>Nothing ran then, and no trigger is due. Zoom out, or go to another time.</Empty>
            ) : (
              <Chart layout={layout} by={by} stretch={stretch} now={now} />
            )
          }
        </Answer>
      </section>
    </Page>
  );
}

function Tool({ label, icon, act }: { label: string; icon: React.ReactNode; act: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size="md" aria-label={label} onClick={act}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

/** Makes bars of attempts and of what is to come after the instant. */
export function barsOf(all: readonly Span[], coming: readonly Forecast[], now: number): Bar[] {
  const bars = all.map((span): Bar => ({ ...span, id: `${span.run}:${span.attempt}` }));
  for (const { owner, trigger, at, zone } of coming) {
    if (at < now) continue;
    bars.push({
      id: `${owner}/${trigger}/${at}`,
      run: null,
      attempt: 0,
      task: owner,
      server: '',
      state: 'forecast',
      zone,
      from: at,
      to: at,
    });
  }
  return bars;
}
