import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { planRun } from '../../data/plans';
import type { Run } from '../../data/runs';

/** Who or what asked for a run, with the way there: a trigger, the run whose end it was, or the plan that runs. */
export function CauseOf({ run }: { run: Pick<Run, 'task' | 'cause' | 'causedBy'> }) {
  const { kind, by } = run.causedBy;
  if (kind === 'trigger') {
    return (
      <>
        trigger{' '}
        <Anchor component={Link} to={`/tasks/${run.task}?part=triggers`} size="sm">
          {by}
        </Anchor>
      </>
    );
  }
  if (kind === 'chain') {
    const [task, id] = by.split(' ');
    return (
      <>
        the end of{' '}
        <Anchor component={Link} to={`/runs/${id ?? ''}`} size="sm">
          {task}
        </Anchor>
      </>
    );
  }
  if (kind === 'plan') return <OfPlan by={by} />;
  return run.cause;
}

function OfPlan({ by }: { by: string }) {
  const [id = '', node = ''] = by.split('/');
  const { data } = useQuery(planRun(id));
  if (!data) return <>plan, {node}</>;
  return (
    <>
      plan{' '}
      <Anchor component={Link} to={`/plans/${data.plan}/runs/${id}`} size="sm">
        {data.plan}
      </Anchor>
      , {node}
    </>
  );
}
