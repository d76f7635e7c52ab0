import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { Answer } from '../../components/Answer';
import { runLoad } from '../../data/runLoad';
import type { Usage } from '../../data/runLoad';
import type { Run } from '../../data/runs';
import { bytes } from '../../data/sizes';
import { hasEnded } from '../../data/states';
import { Figure } from './Figure';
import { ServerThen } from './ServerThen';
import { UsageChart } from './UsageChart';
import type { Series } from './UsageChart';

/** What the processes of a run use: CPU and memory over time, attempt by attempt. */
export function Processes({ run, attempt }: { run: Run; attempt: number }) {
  const query = useQuery(runLoad(run.id, !hasEnded(run.state)));
  const shown = run.attempts.find((a) => a.number === attempt);
  const exit = shown?.exit ?? null;
  // Where it went well nobody asks how the server was.
  const wentWrong = shown && shown.state !== 'succeeded' && shown.endedAt;
  return (
    <Stack p="md" gap="md">
      {exit && (
        <Group gap="xl">
          <Figure name="CPU time" value={`${exit.cpuSeconds.toFixed(1)} s`} />
          <Figure name="Most memory" value={bytes(exit.peakMemory)} />
          {exit.oom && (
            <Text size="sm" c="var(--tone-bad)">
              The kernel killed the job for want of memory.
            </Text>
          )}
        </Group>
      )}
      <Answer
        query={query}
        what="The load of the run"
        empty={{
          when: (all) => all.length === 0,
          text: hasEnded(run.state)
            ? 'It was over before anything was measured: the first figures come after five seconds.'
            : 'The first figures come after five seconds.',
        }}
      >
        {(all) => (
          <>
            <UsageChart
              title="CPU, in cores"
              series={seriesOf(all, (u) => u.cpu)}
              format={(value) => `${value.toFixed(value < 10 ? 2 : 1)} cores`}
            />
            <UsageChart
              title="Memory of all processes"
              series={seriesOf(all, (u) => u.memory)}
              format={bytes}
              binary
            />
          </>
        )}
      </Answer>
      {wentWrong && <ServerThen run={run.id} attempt={shown} endedAt={wentWrong} />}
    </Stack>
  );
}

/** Makes a line of each attempt's figures. */
export function seriesOf(all: readonly Usage[], pick: (usage: Usage) => number): Series[] {
  const attempts = [...new Set(all.map((usage) => usage.attempt))];
  return attempts.map((attempt) => ({
    name: `attempt ${attempt}`,
    points: all.filter((u) => u.attempt === attempt).map((u) => ({ at: u.to, value: pick(u) })),
  }));
}
