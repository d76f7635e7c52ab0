import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { planRun } from '../../data/plans';
import type { Run } from '../../data/runs';

/** What asked for a run; a plan run that did is linked to. */
export function Cause({ run }: { run: Run }) {
  return run.planRun === null ? <>{run.cause}</> : <OfPlan {...run.planRun} />;
}

function OfPlan({ id, node }: { id: string; node: string }) {
  // The run knows the plan run, and only that knows its plan.
  const query = useQuery(planRun(id));
  if (!query.data) return <>{`plan run ${id}, node ${node}`}</>;
  const { plan } = query.data;
  return (
    <>
      <Anchor component={Link} to={`/plans/${plan}/runs/${id}`} inherit>
        plan run of {plan}
      </Anchor>
      , node {node}
    </>
  );
}
