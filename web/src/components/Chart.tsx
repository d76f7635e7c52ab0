import 'uplot/dist/uPlot.min.css';

import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

import classes from './Chart.module.css';

export interface Line {
  name: string;
  /** A CSS colour; may name a variable of the page. */
  color: string;
  values: readonly (number | null)[];
}

interface ChartProps {
  /** Says what is shown to who cannot see it. */
  label: string;
  /** Instants of the values, in milliseconds, in order. */
  times: readonly number[];
  lines: readonly Line[];
  /** The upper end of the scale; by default the largest value. */
  max?: number;
  /** Writes a value on the scale and beside the pointer. */
  format?: (value: number) => string;
  height?: number;
}

const axisWidth = 52;
/** The line of values below the lines. */
const legendHeight = 26;

/** Lines over time, drawn on a canvas: thousands of points cost nothing. The values are beside the pointer. */
export function Chart({ label, times, lines, max, format = String, height = 150 }: ChartProps) {
  const { ref, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');

  useEffect(() => {
    const target = place.current;
    if (!target || width < 10) return undefined;
    const [ink, grid] = resolved(target, ['--quiet', '--line']);
    const axis = {
      stroke: ink ?? '',
      grid: { stroke: grid ?? '', width: 1 },
      ticks: { show: false },
      font: '11px system-ui',
    };
    const plot = new uPlot(
      {
        width,
        height,
        cursor: { points: { size: 5 } },
        scales: { y: { range: (_, __, top) => [0, max ?? Math.max(1, top * 1.1)] } },
        axes: [axis, { ...axis, size: axisWidth, values: (_, ticks) => ticks.map((tick) => format(tick)) }],
        series: [
          {},
          ...lines.map((line): uPlot.Series => {
            const [stroke] = resolved(target, [line.color]);
            return {
              label: line.name,
              stroke: stroke ?? 'gray',
              width: 1.5,
              points: { show: false },
              value: (_, value: number | null) => (value === null ? '–' : format(value)),
            };
          }),
        ],
      },
      [times.map((ms) => ms / 1000), ...lines.map(({ values }) => [...values])],
      target,
    );
    return () => plot.destroy();
  }, [times, lines, max, format, height, width, scheme]);

  return (
    <div
      ref={ref}
      className={classes.chart}
      style={{ minHeight: height + legendHeight }}
      role="img"
      aria-label={label}
    >
      <div ref={place} />
    </div>
  );
}

/** Returns colours as a canvas takes them: a variable of the page, light-dark() included, as what it comes to. */
function resolved(near: HTMLElement, names: readonly string[]): string[] {
  const probe = document.createElement('span');
  near.append(probe);
  const colors = names.map((name) => {
    probe.style.color = name.startsWith('--') ? `var(${name})` : name;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return colors;
}
