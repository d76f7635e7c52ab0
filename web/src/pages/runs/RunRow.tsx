import { Anchor, Progress, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';

import { Glow } from '../../components/Glow';
import { Elapsed, Instant } from '../../components/instants';
import { StateBadge } from '../../components/StateBadge';
import type { Run } from '../../data/runs';
import classes from './Runs.module.css';

/** One run in a list. It is drawn anew only where something of it that is shown has changed. */
export const RunRow = memo(
  function RunRow({ run }: { run: Run }) {
    return (
      <tr>
        <td>
          <Glow of={run.state}>
            <StateBadge state={run.state} />
          </Glow>
        </td>
        <td className={classes.task}>
          <Anchor component={Link} to={`/runs/${run.id}`} size="sm" fw={500}>
            {run.task}
          </Anchor>
          <Text size="xs" c="dimmed" className="number">
            {run.id}
          </Text>
        </td>
        <td>
          <Glow of={`${run.server ?? ''} ${run.attempt}`}>{run.server ?? '–'}</Glow>
          {run.attempt > 1 && (
            <Text size="xs" c="dimmed">
              attempt {run.attempt}
            </Text>
          )}
        </td>
        <td>
          <Instant at={run.queuedAt} />
          <Text size="xs" c="dimmed">
            {run.cause}
          </Text>
        </td>
        <td>
          <Elapsed from={run.startedAt} to={run.endedAt} />
        </td>
        <td className={classes.reason}>
          {run.progress && run.endedAt === null ? (
            <div className={classes.progress}>
              <Progress.Root flex={1} size="sm">
                <Progress.Section value={run.progress.percent} aria-label={`Progress of ${run.task}`} />
              </Progress.Root>
              <Text size="xs" className="number">
                {Math.round(run.progress.percent)} % {run.progress.message}
              </Text>
            </div>
          ) : (
            <Text size="sm" lineClamp={2} title={run.reason}>
              {run.reason}
            </Text>
          )}
        </td>
      </tr>
    );
  },
  (before, after) => sameToSee(before.run, after.run),
);

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
