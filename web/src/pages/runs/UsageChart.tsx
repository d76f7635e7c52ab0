import { Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useState } from 'react';

import { bothText } from '../../components/instants';
import { ticks } from '../../components/ticks';
import classes from './UsageChart.module.css';

export interface Series {
  name: string;
  /** In the order of time. */
  points: { at: number; value: number }[];
}

interface Props {
  title: string;
  series: readonly Series[];
  format: (value: number) => string;
  /** Whether the scale goes by powers of two. */
  binary?: boolean;
}

const plotHeight = 120;
const left = 72;

/** A small chart of one figure over time, with the value under the pointer. */
export function UsageChart({ title, series, format, binary = false }: Props) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const [pointer, setPointer] = useState<number | null>(null);
  const points = series.flatMap((s) => s.points);
  const from = Math.min(...points.map((p) => p.at));
  const to = Math.max(...points.map((p) => p.at), from + 1000);
  const top = niceTop(Math.max(...points.map((p) => p.value), 0), binary);
  const room = Math.max(1, width - left - 8);
  const x = (at: number) => left + ((at - from) / (to - from)) * room;
  const y = (value: number) => 6 + (1 - value / top) * (plotHeight - 6);
  const under = pointer === null ? null : nearest(series, from + ((pointer - left) / room) * (to - from));
  const last = series.at(-1)?.points.at(-1);
  const peak = points.reduce((most, p) => Math.max(most, p.value), 0);
  return (
    <figure
      className={classes.chart}
      aria-label={`${title}: now or last ${last ? format(last.value) : '–'}, most ${format(peak)}`}
    >
      <figcaption className={classes.caption}>
        <Text size="sm" fw={500} component="span">
          {title}
        </Text>
        <Text size="xs" c="dimmed" component="span" className="number" data-values>
          {under
            ? [
                bothText(new Date(under.at)),
                ...(series.length > 1 ? [under.name] : []),
                format(under.value),
              ].join(' · ')
            : last
              ? `last ${format(last.value)} · most ${format(peak)}`
              : ''}
        </Text>
      </figcaption>
      <div
        ref={ref}
        onPointerMove={(e) => setPointer(e.clientX - e.currentTarget.getBoundingClientRect().left)}
        onPointerLeave={() => setPointer(null)}
      >
        <svg width={width} height={plotHeight + 20} aria-hidden className={classes.svg}>
          {[0, 0.5, 1].map((share) => (
            <g key={share}>
              <line
                x1={left}
                x2={width - 8}
                y1={y(top * share)}
                y2={y(top * share)}
                className={classes.grid}
              />
              <text x={left - 8} y={y(top * share) + 4} textAnchor="end" className={classes.label}>
                {format(top * share)}
              </text>
            </g>
          ))}
          {ticks(from, to, Math.max(2, width / 110)).map((tick) => (
            <text
              key={tick.at}
              x={x(tick.at)}
              y={plotHeight + 16}
              textAnchor="middle"
              className={classes.label}
            >
              {tick.label}
            </text>
          ))}
          {series.map((s, i) => (
            <g key={s.name} data-series={i % 3}>
              <path
                d={`${line(s.points, x, y)} L ${x(s.points.at(-1)?.at ?? 0)} ${y(0)} L ${x(s.points[0]?.at ?? 0)} ${y(0)} Z`}
                className={classes.area}
              />
              <path d={line(s.points, x, y)} className={classes.line} />
              {s.points.length === 1 && s.points[0] && (
                <circle cx={x(s.points[0].at)} cy={y(s.points[0].value)} r={3} className={classes.dot} />
              )}
            </g>
          ))}
          {under && <circle cx={x(under.at)} cy={y(under.value)} r={4} className={classes.dot} />}
        </svg>
      </div>
    </figure>
  );
}

function line(points: Series['points'], x: (at: number) => number, y: (value: number) => number): string {
  return points
    .map((p, i) => `${i === 0 ? 'M' : 'L'} ${x(p.at).toFixed(1)} ${y(p.value).toFixed(1)}`)
    .join(' ');
}

function nearest(series: readonly Series[], at: number) {
  let best: { at: number; value: number; name: string } | null = null;
  for (const s of series) {
    for (const p of s.points) {
      if (best === null || Math.abs(p.at - at) < Math.abs(best.at - at)) best = { ...p, name: s.name };
    }
  }
  return best;
}

/** Returns a round number not below the value, to be the top of a scale. */
export function niceTop(value: number, binary: boolean): number {
  if (value <= 0) return binary ? 1024 : 1;
  const base = binary ? 2 : 10;
  const power = base ** Math.floor(Math.log(value) / Math.log(base));
  const steps = binary ? [1, 1.5, 2] : [1, 2, 2.5, 5, 10];
  return power * (steps.find((step) => step * power >= value * 0.999) ?? base);
}
