import { Anchor, Stack, Table, Text } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Answer, Empty, Loading } from '../../components/Answer';
import { serversOfTask } from '../../data/runs';
import { outcome, whatIf } from '../../data/servers';
import type { WhatIf as Fate } from '../../data/servers';
import type { Task } from '../../data/tasks';
import { policyWords } from './policyWords';

/** What happens to the runs of a task if their server goes away: in general, and to those that run now. */
export function WhatIf({ task }: { task: Task }) {
  const words = policyWords({
    policy: task.policy,
    unavailableAfter: task.unavailableAfter,
    leaveRunning: task.leaveRunning,
    grouped: task.target.kind === 'group',
  });
  return (
    <Stack gap="md">
      <div>
        {words.map((sentence) => (
          <Text key={sentence} size="sm">
            {sentence}
          </Text>
        ))}
      </div>
      <Now task={task.name} />
    </Stack>
  );
}

const noneRuns = 'None of its runs is on a server now.';

/** What would become of each of its runs if the server under it died now. */
function Now({ task }: { task: string }) {
  const query = useQuery(serversOfTask(task));
  return (
    <Answer query={query} what="The runs" empty={{ when: (servers) => servers.length === 0, text: noneRuns }}>
      {(servers) => <Fates task={task} servers={servers} />}
    </Answer>
  );
}

function Fates({ task, servers }: { task: string; servers: readonly string[] }) {
  const fates = useQueries({ queries: servers.map(whatIf) });
  const known = fates.flatMap(({ data }, i) =>
    (data ?? []).filter((fate) => fate.task === task).map((fate) => ({ ...fate, on: servers[i] ?? '' })),
  );
  const failed = fates.find(({ data, isError }) => isError && data === undefined);
  const loading = fates.some(({ data, isError }) => !isError && data === undefined);
  return (
    <>
      {known.length > 0 && <FateTable fates={known} />}
      {failed && (
        <Answer query={failed} what="What would happen">
          {() => null}
        </Answer>
      )}
      {known.length === 0 &&
        !failed &&
        (loading ? <Loading what="What would happen" /> : <Empty>{noneRuns}</Empty>)}
    </>
  );
}

function FateTable({ fates }: { fates: readonly (Fate & { on: string })[] }) {
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table aria-label="If their servers died now">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Run</Table.Th>
            <Table.Th>If it died now</Table.Th>
            <Table.Th>What would happen</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {fates.map((fate) => (
            <Table.Tr key={fate.run}>
              <Table.Td>
                <Anchor component={Link} to={`/runs/${fate.run}`} size="sm" className="number">
                  {fate.run}
                </Anchor>
              </Table.Td>
              <Table.Td>{fate.on}</Table.Td>
              <Table.Td>
                <Text size="sm" fw={500}>
                  {outcome(fate)}
                </Text>
                <Text size="xs" c="dimmed">
                  {fate.reason}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
