import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { joined, trendBefore } from '../data/servers';
import type { Server, TrendPoint } from '../data/servers';
import { Sparkline } from './Sparkline';

export type Gauge = 'cpu' | 'memory' | 'disk' | 'runs';

const words: Record<Gauge, string> = { cpu: 'CPU', memory: 'memory', disk: 'disk', runs: 'slots' };

/** The last minutes of one measure of a server's load, live, with its newest value in words. */
export function Trend({ server, of, width }: { server: Server; of: Gauge; width?: number }) {
  const before = useQuery(trendBefore(server.name));
  const values = useMemo(
    () => joined(before.data ?? [], server.trend).map((point: TrendPoint) => point[of]),
    [before.data, server.trend, of],
  );
  return (
    <Sparkline
      values={values}
      max={of === 'runs' ? server.slots : 1}
      label={`${words[of]} of ${server.name}: ${newest(server, of)}`}
      {...(width === undefined ? {} : { width })}
    />
  );
}

/** Says the newest value of a measure. */
export function newest(server: Server, of: Gauge): string {
  return of === 'runs' ? `${server.slotsUsed}/${server.slots}` : percent(server[of]);
}

export function percent(share: number | null): string {
  return share === null ? '–' : `${Math.round(share * 100)} %`;
}
