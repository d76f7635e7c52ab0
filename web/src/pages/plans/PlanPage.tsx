import { Anchor, Button, Tabs } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer } from '../../components/Answer';
import { Page } from '../../components/Page';
import { Triggers } from '../../components/triggers/Triggers';
import { useFilter } from '../../components/useFilter';
import { useMay } from '../../data/permissions';
import { plan as planQuery } from '../../data/plans';
import type { Plan } from '../../data/plans';
import { PlanGraph } from './PlanGraph';
import graphClasses from './PlanGraph.module.css';
import { PlanRuns } from './PlanRuns';
import { RunPlan } from './RunPlan';

/** One plan: its graph and its runs. */
export function PlanPage() {
  const { name = '' } = useParams({ strict: false });
  return <KnownPlan key={name} name={name} />;
}

function KnownPlan({ name }: { name: string }) {
  const query = useQuery(planQuery(name));
  const [running, setRunning] = useState(false);
  const may = useMay();
  return (
    <Page
      title={name}
      about={
        <>
          <Anchor component={Link} to="/plans" size="sm" py={3} display="inline-block">
            All plans
          </Anchor>
          {query.data && query.data.description !== '' && ` · ${query.data.description}`}
        </>
      }
      actions={
        query.data &&
        may('plan.run') && (
          <Button leftSection={<IconPlayerPlay size={15} />} onClick={() => setRunning(true)}>
            Run now…
          </Button>
        )
      }
    >
      <Answer query={query} what="The plan">
        {(plan) => <Parts plan={plan} />}
      </Answer>
      {running && query.data && <RunPlan plan={query.data} close={() => setRunning(false)} />}
    </Page>
  );
}

const parts = { plan: 'Plan', triggers: 'Triggers', runs: 'Runs' };

function Parts({ plan }: { plan: Plan }) {
  const [part, setPart] = useFilter('part', 'plan');
  return (
    <Tabs
      value={part in parts ? part : 'plan'}
      onChange={(value) => setPart(value ?? 'plan')}
      keepMounted={false}
    >
      <Tabs.List mb="md">
        {Object.entries(parts).map(([value, name]) => (
          <Tabs.Tab key={value} value={value}>
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value="plan" className="panel">
        <PlanGraph
          graph={plan.graph}
          label={`Graph of ${plan.name}`}
          node={(name, task) => (
            <div className={graphClasses.card}>
              <span className={graphClasses.name}>{name}</span>
              <Anchor component={Link} to={`/tasks/${task}`} className={graphClasses.sub}>
                {task}
              </Anchor>
            </div>
          )}
        />
      </Tabs.Panel>
      <Tabs.Panel value="triggers" className="panel">
        <Triggers owner={{ kind: 'plan', name: plan.name }} />
      </Tabs.Panel>
      <Tabs.Panel value="runs" className="panel">
        <PlanRuns plan={plan.name} />
      </Tabs.Panel>
    </Tabs>
  );
}
