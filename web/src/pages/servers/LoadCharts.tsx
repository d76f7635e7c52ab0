import { SimpleGrid } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { Answer } from '../../components/Answer';
import { Chart } from '../../components/Chart';
import type { Line } from '../../components/Chart';
import { percent } from '../../components/Trend';
import { serverLoad } from '../../data/servers';
import type { LoadPoint, Server } from '../../data/servers';

/** The load of a server over time. A bundle of its own, with the library that draws. */
export default function LoadCharts({ server, minutes }: { server: Server; minutes: number }) {
  const query = useQuery(serverLoad(server.name, minutes));
  return (
    <Answer
      query={query}
      what="The load"
      height="23rem"
      empty={{ when: (points) => points.length === 0, text: 'Nothing was measured in this period.' }}
    >
      {(points) => <Charts points={points} server={server} />}
    </Answer>
  );
}

function Charts({ points, server }: { points: LoadPoint[]; server: Server }) {
  const { name, slots } = server;
  const drawn = useMemo(() => {
    const times = points.map(({ at }) => at.getTime());
    const line = (title: string, color: string, of: (point: LoadPoint) => number): Line[] => [
      { name: title, color, values: points.map(of) },
    ];
    return {
      times,
      cpu: line('CPU', '--tone-run', (point) => point.cpu),
      memory: line('memory', '--tone-held', (point) => point.memory),
      disk: line('disk', '--tone-idle', (point) => point.disk),
      runs: line('runs', '--tone-ok', (point) => point.running),
    };
  }, [points]);
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" verticalSpacing="md">
      {shares.map(({ of, title, what }) => (
        <Chart
          key={of}
          title={title}
          label={`${what} of ${name} over time`}
          times={drawn.times}
          lines={drawn[of]}
          max={1}
          format={percent}
        />
      ))}
      <Chart
        title={`Runs, of ${slots} slots`}
        label={`Runs on ${name} over time`}
        times={drawn.times}
        lines={drawn.runs}
        max={slots}
        format={whole}
      />
    </SimpleGrid>
  );
}

const shares = [
  { of: 'cpu', title: 'CPU in use', what: 'CPU' },
  { of: 'memory', title: 'Memory in use', what: 'Memory' },
  { of: 'disk', title: 'Disk in use', what: 'Disk' },
] as const;

function whole(value: number): string {
  return String(Math.round(value * 10) / 10);
}
