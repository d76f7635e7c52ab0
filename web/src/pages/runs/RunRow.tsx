import { Anchor, Progress, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';

import { Glow } from '../../components/Glow';
import { Elapsed, Instant } from '../../components/instants';
import { StateBadge } from '../../components/StateBadge';
import type { Run } from '../../data/runs';
import classes from './Runs.module.css';

interface RunRowProps {
  run: Run;
  /** True for what the list would leave out by now: how it is, is not known here. */
  gone?: boolean;
}

/** One run in a list. It is drawn anew only where something of it that is shown has changed. */
export const RunRow = memo(
  function RunRow({ run, gone = false }: RunRowProps) {
    return (
      <tr data-gone={gone || undefined}>
        <td>
          {gone ? (
            <Text size="sm" c="dimmed">
              changed
            </Text>
          ) : (
            <Glow of={run.state}>
              <StateBadge state={run.state} />
            </Glow>
          )}
        </td>
        <td className={classes.task}>
          <Anchor component={Link} to={`/runs/${run.id}`} size="sm" fw={500}>
            {run.task}
          </Anchor>
          <Text size="xs" c="dimmed" className="number">
            {run.id}
          </Text>
        </td>
        <td className={classes.server}>
          <Glow of={`${run.server ?? ''} ${run.attempt}`}>{run.server ?? '–'}</Glow>
          {run.attempt > 1 && (
            <Text size="xs" c="dimmed">
              attempt {run.attempt}
            </Text>
          )}
        </td>
        <td>
          <Instant at={run.queuedAt} row />
          <Text size="xs" c="dimmed">
            {run.cause}
          </Text>
        </td>
        <td>{gone ? '–' : <Elapsed from={run.startedAt} to={run.endedAt} />}</td>
        <td className={classes.reason}>
          {gone ? (
            <Text size="sm" c="dimmed">
              It is no longer as you ask.
            </Text>
          ) : (
            <Told run={run} />
          )}
        </td>
      </tr>
    );
  },
  (before, after) => before.gone === after.gone && sameToSee(before.run, after.run),
);

/** How far a run is, or why it is as it is. */
function Told({ run }: { run: Run }) {
  if (run.progress && run.endedAt === null) {
    return (
      <div className={classes.progress}>
        <Progress.Root size="sm">
          <Progress.Section value={run.progress.percent} aria-label={`Progress of ${run.task}`} />
        </Progress.Root>
        <Text size="xs" className="number" lineClamp={1} title={run.progress.message}>
          {Math.round(run.progress.percent)} % {run.progress.message}
        </Text>
      </div>
    );
  }
  return (
    <Text size="sm" lineClamp={2} title={run.reason}>
      {run.reason}
    </Text>
  );
}

/** Whether two looks at a run show the same in a list. */
export function sameToSee(a: Run, b: Run): boolean {
  return (
    a.id === b.id &&
    a.state === b.state &&
    a.reason === b.reason &&
    a.server === b.server &&
    a.attempt === b.attempt &&
    a.startedAt?.getTime() === b.startedAt?.getTime() &&
    a.endedAt?.getTime() === b.endedAt?.getTime() &&
    a.progress?.percent === b.progress?.percent &&
    a.progress?.message === b.progress?.message
  );
}
