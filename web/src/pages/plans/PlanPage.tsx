import { Anchor, Button, Tabs } from '@mantine/core';
import { IconCopy, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { Suspense, lazy, useState } from 'react';

import { Answer, Loading } from '../../components/Answer';
import type { JsonObject } from '../../components/document/document';
import { Page } from '../../components/Page';
import { useFilter, usePart } from '../../components/useFilter';
import { useMay } from '../../data/permissions';
import { plan as planQuery } from '../../data/plans';
import type { Plan } from '../../data/plans';
import { PlanGraph } from './PlanGraph';
import graphClasses from './PlanGraph.module.css';
import { PlanRuns } from './PlanRuns';
import { newPlan } from './Plans';
import { RemovePlan } from './RemovePlan';
import { RunPlan } from './RunPlan';

// Who only looks at plans does not load what edits them, nor what says triggers in words.
const Triggers = lazy(async () => ({
  default: (await import('../../components/triggers/Triggers')).Triggers,
}));
const PlanEditor = lazy(async () => ({ default: (await import('./editor/PlanEditor')).PlanEditor }));

/** One plan: its graph, to look at and to draw in, when it starts by itself, and its runs. */
export function PlanPage() {
  const { name = '' } = useParams({ strict: false });
  return name === newPlan ? <NewPlan /> : <KnownPlan key={name} name={name} />;
}

function NewPlan() {
  const navigate = useNavigate();
  const [copied] = useFilter('of');
  const query = useQuery({ ...planQuery(copied), enabled: copied !== '' });
  const first = query.data ? ({ ...query.data.spec, name: '' } as unknown as JsonObject) : undefined;
  return (
    <Page title="New plan" about={copied === '' ? undefined : `as ${copied} is`}>
      {copied !== '' && !query.data ? (
        <Answer query={query} what="The plan">
          {() => null}
        </Answer>
      ) : (
        <Suspense fallback={<Loading what="The editor" />}>
          <PlanEditor
            plan={null}
            {...(first ? { first } : {})}
            onSaved={(plan) => void navigate({ to: '/plans/$name', params: { name: plan.name } })}
          />
        </Suspense>
      )}
    </Page>
  );
}

function KnownPlan({ name }: { name: string }) {
  const query = useQuery(planQuery(name));
  const [running, setRunning] = useState(false);
  const [removing, setRemoving] = useState(false);
  const may = useMay();
  const navigate = useNavigate();
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
        query.data && (
          <>
            {may('plan.create') && (
              <Button
                variant="default"
                leftSection={<IconCopy size={15} aria-hidden />}
                onClick={() =>
                  void navigate({ to: '/plans/$name', params: { name: newPlan }, search: { of: name } })
                }
              >
                Copy…
              </Button>
            )}
            {may('plan.delete') && (
              <Button
                variant="default"
                leftSection={<IconTrash size={15} aria-hidden />}
                onClick={() => setRemoving(true)}
              >
                Remove…
              </Button>
            )}
            {may('plan.run') && (
              <Button leftSection={<IconPlayerPlay size={15} />} onClick={() => setRunning(true)}>
                Run now…
              </Button>
            )}
          </>
        )
      }
    >
      <Answer query={query} what="The plan">
        {(plan) => <Parts plan={plan} />}
      </Answer>
      {running && query.data && <RunPlan plan={query.data} close={() => setRunning(false)} />}
      {removing && query.data && <RemovePlan plan={query.data} close={() => setRemoving(false)} />}
    </Page>
  );
}

const parts = { plan: 'Plan', edit: 'Edit', triggers: 'Triggers', runs: 'Runs' };

function Parts({ plan }: { plan: Plan }) {
  const [part, setPart] = usePart('plan');
  return (
    <Tabs value={part in parts ? part : 'plan'} onChange={setPart} keepMounted={false}>
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
      <Tabs.Panel value="edit">
        <Suspense fallback={<Loading what="The editor" />}>
          <PlanEditor plan={plan} onSaved={() => undefined} />
        </Suspense>
      </Tabs.Panel>
      <Tabs.Panel value="triggers" className="panel">
        <Suspense fallback={<Loading what="The triggers" />}>
          <Triggers owner={{ kind: 'plan', name: plan.name }} />
        </Suspense>
      </Tabs.Panel>
      <Tabs.Panel value="runs" className="panel">
        <PlanRuns plan={plan.name} />
      </Tabs.Panel>
    </Tabs>
  );
}
