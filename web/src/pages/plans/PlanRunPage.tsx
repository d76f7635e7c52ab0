import { Anchor, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { CSSProperties, ReactNode } from 'react';

import { Answer } from '../../components/Answer';
import { Glow } from '../../components/Glow';
import { Elapsed, Instant } from '../../components/instants';
import { Page, Panel } from '../../components/Page';
import { StateBadge } from '../../components/StateBadge';
import { colorOf } from '../../components/states';
import { planRun } from '../../data/plans';
import type { PlanNode, PlanRunDetail } from '../../data/plans';
import { hasEnded } from '../../data/states';
import { Due } from '../runs/Due';
import runClasses from '../runs/RunPage.module.css';
import { PlanGraph } from './PlanGraph';
import graphClasses from './PlanGraph.module.css';
import { PlanRunActions } from './PlanRunActions';
import classes from './Plans.module.css';

/** One run of a plan: the graph with what each node does now, and what can be done with it. */
export function PlanRunPage() {
  const { id = '', name = '' } = useParams({ strict: false });
  const query = useQuery(planRun(id));
  const run = query.data;
  return (
    <Page
      title={`${name} ${id}`}
      heading={
        <span className={runClasses.head}>
          <Anchor component={Link} to={`/plans/${name}`} inherit c="inherit">
            {name}
          </Anchor>
          {run && <StateBadge state={run.state} size="lg" />}
          <span className={runClasses.id}>{id}</span>
        </span>
      }
      about={
        <Anchor component={Link} to={`/plans/${name}?part=runs`} size="sm" className={runClasses.back}>
          All runs of the plan
        </Anchor>
      }
      actions={run && <PlanRunActions run={run} />}
    >
      <Answer query={query} what="The plan run">
        {(run) => (
          <>
            <Summary run={run} />
            <section className="panel" aria-label="Graph">
              <LivingGraph run={run} />
            </section>
            <Panel title="Nodes" flush>
              <Nodes nodes={run.nodes} />
            </Panel>
          </>
        )}
      </Answer>
    </Page>
  );
}

function Summary({ run }: { run: PlanRunDetail }) {
  const params = Object.entries(run.params);
  const waits = run.state === 'waiting';
  return (
    <section className="panel" aria-label="Summary">
      <div className={classes.strip}>
        <Fact name="Asked for">{run.cause}</Fact>
        {run.scheduledFor && (
          <Fact name="Due">
            <Due at={run.scheduledFor} owner={{ kind: 'plan', name: run.plan }} trigger={run.trigger} />
          </Fact>
        )}
        <Fact name={waits ? 'Requested' : 'Started'}>
          <Instant at={run.startedAt} />
        </Fact>
        <Fact name={waits ? 'Waits for' : run.endedAt ? 'Took' : 'Takes'}>
          <Elapsed from={run.startedAt} to={run.endedAt} />
        </Fact>
        <Fact name="Nodes">
          {run.done} of {run.total} ended
        </Fact>
        {params.length > 0 && (
          <Fact name="Parameters">
            <span className={runClasses.value}>{params.map(([k, v]) => `${k}=${v}`).join('  ')}</span>
          </Fact>
        )}
      </div>
      {run.reason !== '' && <div className={classes.why}>{run.reason}</div>}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <span>{name}</span>
      {children}
    </div>
  );
}

function LivingGraph({ run }: { run: PlanRunDetail }) {
  const { nodes, groups, edges } = run;
  // The graph of a plan run never changes: it is laid out once, however its nodes fare.
  const written = JSON.stringify([nodes.map(({ name, task }) => ({ name, task })), groups]);
  const graph = useMemo(() => ({ nodes, groups, edges }), [written]);
  const byName = new Map(nodes.map((node) => [node.name, node]));
  return (
    <PlanGraph
      graph={graph}
      label={`Graph of ${run.plan}`}
      edgeState={(i) => edges[i]?.state}
      node={(name) => {
        const node = byName.get(name);
        return node && <NodeCard node={node} />;
      }}
    />
  );
}

function NodeCard({ node }: { node: PlanNode }) {
  const { live } = node;
  const progress = live?.progress;
  return (
    <div
      className={graphClasses.card}
      style={{ '--tone': colorOf(node.state) } as CSSProperties}
      title={node.reason === '' ? undefined : node.reason}
      data-node={node.name}
    >
      <span className={graphClasses.line}>
        {node.run === null ? (
          <span className={graphClasses.name}>{node.name}</span>
        ) : (
          <Anchor component={Link} to={`/runs/${node.run}`} size="sm" className={graphClasses.name}>
            {node.name}
          </Anchor>
        )}
      </span>
      <span className={graphClasses.line}>
        <Glow of={node.state}>
          <StateBadge state={node.state} />
        </Glow>
        <span className={graphClasses.sub} title={progress?.message}>
          {progress ? (
            `${Math.round(progress.percent)} % ${progress.message}`
          ) : node.startedAt ? (
            <Elapsed from={node.startedAt} to={node.endedAt} />
          ) : null}
        </span>
      </span>
    </div>
  );
}

function Nodes({ nodes }: { nodes: PlanNode[] }) {
  return (
    <table className={classes.table} aria-label="Nodes">
      <thead>
        <tr>
          <th scope="col">Node</th>
          <th scope="col">State</th>
          <th scope="col">Run</th>
          <th scope="col">Duration</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        {nodes.map((node) => (
          <tr key={node.name}>
            <td>
              <Text size="sm" fw={500}>
                {node.name}
              </Text>
              <Anchor component={Link} to={`/tasks/${node.task}`} size="xs">
                {node.task}
              </Anchor>
            </td>
            <td>
              <StateBadge state={node.state} />
            </td>
            <td className={classes.run}>
              <RunOf node={node} />
            </td>
            <td>
              <Elapsed from={node.startedAt} to={node.endedAt} />
              {node.deadline && node.endedAt === null && (
                <Text size="xs" c="dimmed">
                  until <Instant at={node.deadline} row />
                </Text>
              )}
            </td>
            <td className={classes.reason}>{node.reason === '' ? node.live?.reason : node.reason}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function RunOf({ node }: { node: PlanNode }) {
  if (node.run === null) return <>–</>;
  const { live } = node;
  return (
    <>
      <Anchor component={Link} to={`/runs/${node.run}`} size="sm" className="number">
        {node.run}
      </Anchor>
      <Text size="xs" c="dimmed">
        {node.try > 1 && `try ${node.try} `}
        {live && !hasEnded(live.state) && `${live.state}${live.server ? ` on ${live.server}` : ''}`}
      </Text>
    </>
  );
}
