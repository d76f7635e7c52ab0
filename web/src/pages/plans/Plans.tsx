import { Anchor, Button, Group, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconPlayerPlay, IconPlus, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer, Empty } from '../../components/Answer';
import { Ago } from '../../components/instants';
import { Page } from '../../components/Page';
import { StateBadge } from '../../components/StateBadge';
import { useFilter } from '../../components/useFilter';
import { useMay } from '../../data/permissions';
import { lastPlanRun, planList } from '../../data/plans';
import type { Plan } from '../../data/plans';
import classes from './Plans.module.css';
import { RunPlan } from './RunPlan';

/** The address of the page that makes a new plan; no plan can have that name. */
export const newPlan: string = '~new';

/** All plans by name, each with its last run. */
export function Plans() {
  const may = useMay();
  const [q, setQ] = useFilter('q');
  const [text, setText] = useState(q);
  const settle = useDebouncedCallback(setQ, 250);
  const query = useInfiniteQuery(planList(q));
  const [run, setRun] = useState<Plan | null>(null);
  const all = query.data?.pages.flatMap((page) => page.plans) ?? [];
  return (
    <Page
      title="Plans"
      actions={
        may('plan.create') && (
          <Button component={Link} to={`/plans/${newPlan}`} leftSection={<IconPlus size={16} aria-hidden />}>
            New plan
          </Button>
        )
      }
    >
      <div role="search" aria-label="Filter the plans">
        <TextInput
          aria-label="Part of the name"
          placeholder="part of the name"
          leftSection={<IconSearch size={15} aria-hidden />}
          value={text}
          w={{ base: '100%', xs: 220 }}
          onChange={(event) => {
            setText(event.currentTarget.value);
            settle(event.currentTarget.value);
          }}
        />
      </div>
      <section className="panel" aria-label="Plans" aria-busy={query.isPlaceholderData}>
        <Answer query={query} what="The plans">
          {() =>
            all.length === 0 ? (
              <Empty>
                {q !== '' ? (
                  'No plan is as you ask.'
                ) : (
                  <>
                    There is no plan yet. A plan is a graph of tasks: what follows what, and what runs at
                    once.{' '}
                    <Link to="/plans/$name" params={{ name: newPlan }}>
                      Draw the first one
                    </Link>
                  </>
                )}
              </Empty>
            ) : (
              <table className={classes.table} aria-label="Plans">
                <thead>
                  <tr>
                    <th scope="col">Plan</th>
                    <th scope="col">Tasks</th>
                    <th scope="col">Last run</th>
                    <th scope="col">
                      <span hidden>Act</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {all.map((plan) => (
                    <Row key={plan.name} plan={plan} run={() => setRun(plan)} />
                  ))}
                </tbody>
              </table>
            )
          }
        </Answer>
        {query.hasNextPage && (
          <Group justify="center" p="md">
            <Button
              variant="default"
              loading={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              Show more plans
            </Button>
          </Group>
        )}
      </section>
      {run && <RunPlan plan={run} close={() => setRun(null)} />}
    </Page>
  );
}

function Row({ plan, run }: { plan: Plan; run: () => void }) {
  const may = useMay();
  const { nodes, groups } = plan.graph;
  return (
    <tr>
      <td>
        <Anchor component={Link} to={`/plans/${plan.name}`} size="sm" fw={500}>
          {plan.name}
        </Anchor>
        {plan.description !== '' && (
          <Text size="xs" c="dimmed" lineClamp={2}>
            {plan.description}
          </Text>
        )}
      </td>
      <td>
        {nodes.length} {nodes.length === 1 ? 'node' : 'nodes'}
        {groups.length > 0 && (
          <Text size="xs" c="dimmed">
            {groups.length} {groups.length === 1 ? 'group' : 'groups'}
          </Text>
        )}
      </td>
      <td>
        <LastRun plan={plan.name} />
      </td>
      <td className={classes.act}>
        {may('plan.run') && (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlayerPlay size={14} />}
            onClick={run}
            aria-label={`Run ${plan.name} now`}
          >
            Run
          </Button>
        )}
      </td>
    </tr>
  );
}

function LastRun({ plan }: { plan: string }) {
  const { data: last, error } = useQuery(lastPlanRun(plan));
  if (!last) {
    return (
      <Text size="sm" c="dimmed">
        {error ? 'not known' : last === null ? 'never' : '…'}
      </Text>
    );
  }
  return (
    <>
      <Anchor
        component={Link}
        to={`/plans/${plan}/runs/${last.id}`}
        underline="never"
        aria-label={`Last run of ${plan}: ${last.state}`}
      >
        <StateBadge state={last.state} />
      </Anchor>
      <Text size="xs" c="dimmed">
        <Ago at={last.endedAt ?? last.startedAt} row />
      </Text>
    </>
  );
}
