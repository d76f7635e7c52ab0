import { Anchor, Stack, Table, Text } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Loading } from '../../components/Answer';
import { get, part } from '../../data/api';
import { runList } from '../../data/runList';
import type { Task } from '../../data/tasks';
import type { WirePage, WireWhatIf } from '../../data/wire';
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

const open = ['starting', 'running', 'unknown', 'stopping'];

function Now({ task }: { task: string }) {
  const filter = {
    q: '',
    task,
    state: open,
    cause: [],
    server: '',
    virtual_server: '',
    since: '',
    until: '',
  };
  const { queryKey } = runList(filter);
  const runs = useQuery({
    queryKey: [...queryKey, 'servers'],
    queryFn: async ({ signal }) => {
      const path = `/runs?task=${encodeURIComponent(task)}&state=${open.join(',')}&limit=100`;
      const page = await get<WirePage<{ server: string | null }>>(path, signal);
      return [...new Set(page.items.flatMap((run) => (run.server === null ? [] : [run.server])))];
    },
  });
  const fates = useQueries({
    queries: (runs.data ?? []).map((server) => ({
      queryKey: ['what-if', server],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (await get<WirePage<WireWhatIf>>(`/servers/${part(server)}/what-if`, signal)).items.map((fate) => ({
          ...fate,
          on: server,
        })),
    })),
  });
  if (runs.isPending) return <Loading what="The runs" />;
  const all = fates.flatMap((query) => query.data ?? []).filter((fate) => fate.task === task);
  if (all.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        None of its runs is on a server now.
      </Text>
    );
  }
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
          {all.map((fate) => (
            <Table.Tr key={fate.run}>
              <Table.Td>
                <Anchor component={Link} to={`/runs/${fate.run}`} size="sm" className="number">
                  {fate.run}
                </Anchor>
              </Table.Td>
              <Table.Td>{fate.on}</Table.Td>
              <Table.Td>
                <Text size="sm" fw={500}>
                  {fate.action}
                  {fate.server !== null && ` on ${fate.server}`}
                  {fate.checkpoint && ` from checkpoint ${fate.checkpoint.sequence}`}
                  {fate.after !== null && `, after ${fate.after}`}
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
