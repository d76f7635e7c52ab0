import { Anchor, Button, Group, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Answer, Empty } from '../../components/Answer';
import { Glow } from '../../components/Glow';
import { Elapsed, Instant } from '../../components/instants';
import { StateBadge } from '../../components/StateBadge';
import { planRuns } from '../../data/plans';
import classes from './Plans.module.css';

/** The runs of a plan, the newest first. */
export function PlanRuns({ plan }: { plan: string }) {
  const query = useInfiniteQuery(planRuns(plan));
  const all = query.data?.pages.flatMap((page) => page.runs) ?? [];
  return (
    <Answer query={query} what="The runs">
      {() =>
        all.length === 0 ? (
          <Empty>It has not run yet.</Empty>
        ) : (
          <>
            <table className={classes.table} aria-label="Runs of the plan">
              <tbody>
                {all.map((run) => (
                  <tr key={run.id}>
                    <td>
                      <Glow of={run.state}>
                        <StateBadge state={run.state} />
                      </Glow>
                    </td>
                    <td>
                      <Anchor
                        component={Link}
                        to={`/plans/${plan}/runs/${run.id}`}
                        size="sm"
                        fw={500}
                        className="number"
                      >
                        {run.id}
                      </Anchor>
                      <Text size="xs" c="dimmed">
                        {run.cause}
                      </Text>
                    </td>
                    <td>
                      <Instant at={run.startedAt} row />
                    </td>
                    <td>
                      <Elapsed from={run.startedAt} to={run.endedAt} />
                      <Text size="xs" c="dimmed">
                        {run.done} of {run.total} nodes
                      </Text>
                    </td>
                    <td className={classes.reason}>{run.reason}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {query.hasNextPage && (
              <Group justify="center" p="md">
                <Button
                  variant="default"
                  loading={query.isFetchingNextPage}
                  onClick={() => void query.fetchNextPage()}
                >
                  Show more runs
                </Button>
              </Group>
            )}
          </>
        )
      }
    </Answer>
  );
}
