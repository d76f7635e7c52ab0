import { Anchor, Group, List, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Answer } from '../../components/Answer';
import { Instant } from '../../components/instants';
import { percent } from '../../components/Trend';
import { duration } from '../../data/instants';
import type { Attempt } from '../../data/runs';
import { serverThen } from '../../data/serverThen';
import type { Figures } from '../../data/serverThen';
import { Figure } from './Figure';

/** How the server was when an attempt ended on it: what it carried, and what else ran there. */
export function ServerThen({ run, attempt, endedAt }: { run: string; attempt: Attempt; endedAt: Date }) {
  const query = useQuery(serverThen(attempt.server, endedAt));
  return (
    <section aria-label="The server when the attempt ended">
      <Text size="sm" fw={600} mb={6}>
        {attempt.server} when attempt {attempt.number} ended, <Instant at={endedAt} />
      </Text>
      <Answer query={query} what="The state of the server">
        {({ figures, spans }) => {
          const others = spans.filter((span) => span.run !== run);
          return (
            <>
              {figures ? (
                <Measured figures={figures} endedAt={endedAt} />
              ) : (
                <Text size="sm" c="dimmed">
                  Nothing was measured shortly before, or it is not kept any more.
                </Text>
              )}
              <Text size="sm" mt={6}>
                {others.length === 0 ? 'Nothing else ran there.' : 'What else ran there:'}
              </Text>
              <List size="sm">
                {others.map((span) => (
                  <List.Item key={`${span.run} ${span.attempt}`}>
                    <Anchor component={Link} to={`/runs/${span.run}`} size="sm">
                      {span.task}
                    </Anchor>
                  </List.Item>
                ))}
              </List>
            </>
          );
        }}
      </Answer>
    </section>
  );
}

function Measured({ figures, endedAt }: { figures: Figures; endedAt: Date }) {
  const before = endedAt.getTime() - figures.at.getTime();
  const mean = figures.meanOfMs >= 60_000;
  return (
    <>
      <Group gap="xl">
        <Figure name="CPU" value={percent(figures.cpu)} />
        <Figure name="Memory" value={percent(figures.memory)} />
        <Figure name="Disk" value={percent(figures.disk)} />
        <Figure name="Load of a minute" value={figures.load1.toFixed(2)} />
      </Group>
      <Text size="xs" c="dimmed" mt={4}>
        {mean ? (
          <>
            means of {duration(figures.meanOfMs)} from <Instant at={figures.at} /> on
          </>
        ) : (
          `measured ${duration(before)} before`
        )}
      </Text>
    </>
  );
}
