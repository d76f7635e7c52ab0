import { Alert, Badge, Group, Paper, Text } from '@mantine/core';
import { Virtuoso } from 'react-virtuoso';

import { useLog } from '../data/log';
import type { LogLine } from '../data/log';

/** Shows the output of a run, live. It stays at the end unless one scrolls up. */
export function LogView({ run }: { run: string }) {
  const { lines, dropped, ended, error } = useLog(run);
  return (
    <section aria-label="Output">
      <Group mb="xs" gap="xs">
        <Badge variant="dot" color={ended ? 'gray' : 'teal'} tt="none">
          {ended ? 'complete' : 'live'}
        </Badge>
        <Text size="sm" c="dimmed">
          {dropped > 0 ? `the last ${lines.length} of ${lines.length + dropped} lines` : count(lines.length)}
        </Text>
      </Group>
      {error !== null && (
        <Alert color="red" title="The output could not be read" mb="xs">
          {error}
        </Alert>
      )}
      <Paper withBorder className={lines.length === 0 ? 'log' : 'log filled'}>
        {lines.length === 0 ? (
          <Text c="dimmed" p="md">
            {ended ? 'The job wrote nothing.' : 'Nothing has been written yet.'}
          </Text>
        ) : (
          <Virtuoso
            data={lines}
            followOutput="auto"
            initialTopMostItemIndex={lines.length - 1}
            computeItemKey={(_, line) => line.number}
            itemContent={(_, line) => <Line line={line} />}
          />
        )}
      </Paper>
    </section>
  );
}

function count(lines: number): string {
  return lines === 1 ? '1 line' : `${lines} lines`;
}

function Line({ line }: { line: LogLine }) {
  return (
    <div className={`line ${line.stream}`} title={`${line.stream}, ${line.at.toISOString()}`}>
      <span className="line-number">{line.number}</span>
      <span className="line-text">{line.text || ' '}</span>
    </div>
  );
}
