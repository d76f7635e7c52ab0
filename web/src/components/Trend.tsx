import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { joined, trendBefore } from '../data/servers';
import type { Server, TrendPoint } from '../data/servers';
import { Sparkline } from './Sparkline';

export type Gauge = 'cpu' | 'memory' | 'disk' | 'runs';

const words: Record<Gauge, string> = { cpu: 'CPU', memory: 'memory', disk: 'disk', runs: 'slots' };

/** The last minutes of a server's load, live, the time before the console was opened included. */
export function useTrend({ name, trend }: Pick<Server, 'name' | 'trend'>): TrendPoint[] {
  const before = useQuery(trendBefore(name)).data;
  return useMemo(() => joined(before ?? [], trend), [before, trend]);
}

interface TrendProps {
  server: Server;
  of: Gauge;
  width?: number;
}

/** The last minutes of one measure of a server's load, live, with its newest value in words. */
export function Trend(props: TrendProps) {
  return <TrendLine {...props} points={useTrend(props.server)} />;
}

/** Draws one measure of points that useTrend has returned: several measures of a server share them. */
export function TrendLine({ server, points, of, width }: TrendProps & { points: readonly TrendPoint[] }) {
  const values = useMemo(() => points.map((point) => point[of]), [points, of]);
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
