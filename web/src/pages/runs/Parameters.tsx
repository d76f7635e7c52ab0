import { Anchor, Stack, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { duration, milliseconds } from '../../data/instants';
import type { Policy, Run } from '../../data/runs';
import { policyWords } from '../tasks/policyWords';
import { DueRun } from './Due';
import classes from './RunPage.module.css';

/** What was frozen with the run when it was requested, and what its job handed over. */
export function Parameters({ run }: { run: Run }) {
  return (
    <Stack gap="lg" p="md">
      <Values title="Parameters" values={run.params} none="It was asked for without parameters." />
      {Object.keys(run.outputs).length > 0 && (
        <Values title="Outputs of the job" values={run.outputs} none="" />
      )}
      <section>
        <h3 className={classes.small}>As it was requested</h3>
        <dl className={classes.facts}>
          <Fact name="Target">
            {run.target.kind === 'group' ? (
              <>
                virtual server{' '}
                <Anchor component={Link} to={`/virtual-servers?show=${encodeURIComponent(run.target.name)}`}>
                  {run.target.name}
                </Anchor>
              </>
            ) : (
              <>job server {run.target.name}</>
            )}
          </Fact>
          {run.scheduledFor && (
            <Fact name="Due">
              <DueRun at={run.scheduledFor} run={run} />
            </Fact>
          )}
          <Fact name="If its server goes away">{policyText(run.policy)}</Fact>
          <Fact name="Unavailable after">
            {run.unavailableAfter === null ? 'as its server says' : duration(run.unavailableAfter)}
          </Fact>
        </dl>
        {policyWords({
          policy: run.policy,
          unavailableAfter: run.unavailableAfter === null ? null : `${run.unavailableAfter / 1000}s`,
          leaveRunning: run.leaveRunning,
          grouped: run.target.kind === 'group',
        }).map((sentence) => (
          <Text key={sentence} size="sm" c="dimmed">
            {sentence}
          </Text>
        ))}
      </section>
    </Stack>
  );
}

export function policyText(policy: Policy): string {
  return typeof policy === 'string'
    ? policy
    : policy.map((step) => `${step.do} after ${duration(milliseconds(step.after))}`).join(', then ');
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Values({ title, values, none }: { title: string; values: Record<string, string>; none: string }) {
  const names = Object.keys(values).sort();
  return (
    <section>
      <h3 className={classes.small}>{title}</h3>
      {names.length === 0 ? (
        <Text size="sm" c="dimmed">
          {none}
        </Text>
      ) : (
        <Table aria-label={title} layout="fixed">
          <Table.Tbody>
            {names.map((name) => (
              <Table.Tr key={name}>
                <Table.Th w="30%" scope="row" style={{ overflowWrap: 'anywhere', whiteSpace: 'normal' }}>
                  {name}
                </Table.Th>
                <Table.Td className={classes.value}>{values[name]}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </section>
  );
}
