import { Anchor, Group, Paper, Progress, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer } from '../../components/Answer';
import { Elapsed, Instant } from '../../components/instants';
import { LogView } from '../../components/LogView';
import { PlacementView } from '../../components/PlacementView';
import { StateBadge } from '../../components/StateBadge';
import { run as runQuery } from '../../data/runs';
import type { Attempt, Run } from '../../data/runs';
import { hasEnded } from '../../data/states';

/** One run: its state, its attempts, why each was placed where it was, and its output. */
export function RunPage() {
  const { id } = useParams({ from: '/runs/$id' });
  const query = useQuery(runQuery(id));
  return (
    <Stack>
      <Anchor component={Link} to="/" size="sm">
        ← Overview
      </Anchor>
      <Answer query={query} what="The run">
        {(run) => <RunView run={run} />}
      </Answer>
    </Stack>
  );
}

function RunView({ run }: { run: Run }) {
  const [picked, setPicked] = useState<number | null>(null);
  const attempt = run.attempts.find((a) => a.number === (picked ?? run.attempt));
  const placement = run.waiting ?? attempt?.placement ?? null;
  return (
    <Stack gap="lg">
      <Header run={run} />
      {run.attempts.length > 0 && <Attempts run={run} shown={attempt?.number ?? 0} show={setPicked} />}
      <section aria-labelledby="why">
        <Title order={2} size="h4" id="why" mb="xs">
          {run.waiting
            ? 'Why it waits'
            : `Why there${run.attempts.length > 1 && attempt ? ` (attempt ${attempt.number})` : ''}`}
        </Title>
        {placement ? (
          <PlacementView placement={placement} />
        ) : (
          <Text c="dimmed">No placement has been decided yet.</Text>
        )}
      </section>
      <section aria-labelledby="output">
        <Title order={2} size="h4" id="output" mb="xs">
          Output
        </Title>
        <LogView run={run.id} />
      </section>
    </Stack>
  );
}

function Header({ run }: { run: Run }) {
  const where =
    run.server === null ? '' : ` on ${run.server}${run.attempt > 1 ? ` (attempt ${run.attempt})` : ''}`;
  return (
    <Paper withBorder p="md">
      <Group gap="sm" mb={4}>
        <Title order={1} size="h3">
          {run.task}
        </Title>
        <StateBadge state={run.state} size="lg" />
        <Text>{where}</Text>
      </Group>
      <Text size="sm" c="dimmed" mb="xs" className="number">
        {run.id}
      </Text>
      {run.reason !== '' && <Text mb="xs">{run.reason}</Text>}
      {run.progress && (
        <Group gap="sm" mb="xs" wrap="nowrap">
          <Progress
            value={run.progress.percent}
            flex={1}
            animated={!hasEnded(run.state)}
            aria-label="Progress of the job"
          />
          <Text size="sm" className="number">
            {Math.round(run.progress.percent)} % {run.progress.message}
          </Text>
        </Group>
      )}
      <Group gap="xl">
        <Fact name="Asked for">{run.cause}</Fact>
        <Fact name="Queued">
          <Instant at={run.queuedAt} />
        </Fact>
        <Fact name="Started">
          <Instant at={run.startedAt} />
        </Fact>
        <Fact name="Took">
          <Elapsed from={run.startedAt} to={run.endedAt} />
        </Fact>
        {run.exitCode !== null && <Fact name="Exit code">{run.exitCode}</Fact>}
      </Group>
    </Paper>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text component="div" size="sm">
        {children}
      </Text>
    </div>
  );
}

function Attempts({ run, shown, show }: { run: Run; shown: number; show: (number: number) => void }) {
  return (
    <section aria-labelledby="attempts">
      <Title order={2} size="h4" id="attempts" mb="xs">
        Attempts
      </Title>
      <Table.ScrollContainer minWidth={560}>
        <Table aria-labelledby="attempts">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Number</Table.Th>
              <Table.Th>Server</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Started</Table.Th>
              <Table.Th>Took</Table.Th>
              <Table.Th>Reason</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {run.attempts.map((attempt) => (
              <AttemptRow
                key={attempt.number}
                attempt={attempt}
                shown={attempt.number === shown}
                show={show}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  );
}

function AttemptRow({
  attempt,
  shown,
  show,
}: {
  attempt: Attempt;
  shown: boolean;
  show: (number: number) => void;
}) {
  return (
    <Table.Tr aria-current={shown}>
      <Table.Td>
        <Anchor
          component="button"
          type="button"
          onClick={() => show(attempt.number)}
          aria-label={`Attempt ${attempt.number}`}
        >
          {attempt.number}
        </Anchor>
      </Table.Td>
      <Table.Td>{attempt.server}</Table.Td>
      <Table.Td>
        <StateBadge state={attempt.state} />
      </Table.Td>
      <Table.Td>
        <Instant at={attempt.startedAt} />
      </Table.Td>
      <Table.Td>
        <Elapsed from={attempt.startedAt} to={attempt.endedAt} />
      </Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed">
          {[attempt.reason, attempt.ground].filter(Boolean).join('; ')}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}
