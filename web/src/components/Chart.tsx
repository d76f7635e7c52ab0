import 'uplot/dist/uPlot.min.css';

import { Text, useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';

import classes from './Chart.module.css';
import { bothText } from './instants';
import { ticks } from './ticks';

export interface Line {
  name: string;
  /** A CSS colour; may name a variable of the page. */
  color: string;
  values: readonly (number | null)[];
}

interface ChartProps {
  /** Stands above the lines. */
  title: string;
  /** Says what is shown to who cannot see it. */
  label: string;
  /** Instants of the values, in milliseconds, in order. */
  times: readonly number[];
  lines: readonly Line[];
  /** The upper end of the scale; by default the largest value. */
  max?: number;
  /** Writes a value on the scale and above the lines. */
  format?: (value: number) => string;
  height?: number;
}

const axisWidth = 52;
/** At most so close to each other stand two labels of the axis of time, in pixels. */
const labelWidth = 90;

/**
 * Lines over time, drawn on a canvas: thousands of points cost nothing. Above them are the values under the pointer, with
 * their instant in the browser's zone and in UTC; or the last and the largest while no pointer is there.
 */
export function Chart({ title, label, times, lines, max, format = String, height = 150 }: ChartProps) {
  const { ref, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const pointer = useRef({ left: -10, top: -10 });
  const [under, setUnder] = useState<number | null>(null);
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
    const marks = (from: number, to: number) =>
      ticks(from * 1000, to * 1000, Math.max(2, width / labelWidth));
    const kept = pointer.current;
    const plot = new uPlot(
      {
        width,
        height,
        cursor: { points: { size: 5 }, drag: { x: false, y: false, setScale: false } },
        legend: { show: false },
        hooks: {
          // What comes anew does not take away what the pointer is on.
          ready: [(drawn) => drawn.setCursor(kept)],
          setCursor: [
            ({ cursor }) => {
              pointer.current = { left: cursor.left ?? -10, top: cursor.top ?? -10 };
              setUnder(cursor.idx ?? null);
            },
          ],
        },
        scales: {
          x: { range: (_, from, to) => stretch(from, to) },
          y: { range: (_, __, top) => [0, max ?? Math.max(1, top * 1.1)] },
        },
        axes: [
          {
            ...axis,
            size: 24,
            splits: (_, __, from, to) => marks(from, to).map(({ at }) => at / 1000),
            values: ({ scales: { x } }) => marks(x?.min ?? 0, x?.max ?? 0).map((tick) => tick.label),
          },
          {
            ...axis,
            size: axisWidth,
            ...(max === undefined ? {} : { splits: () => halves(max) }),
            values: (_, splits) => splits.map((value) => format(value)),
          },
        ],
        series: [
          {},
          ...lines.map((line): uPlot.Series => {
            const [stroke] = resolved(target, [line.color]);
            // One point makes no line.
            const alone = line.values.length === 1;
            return { stroke: stroke ?? 'gray', width: 1.5, points: { show: alone, size: 6 } };
          }),
        ],
      },
      [times.map((ms) => ms / 1000), ...lines.map(({ values }) => [...values])],
      target,
    );
    return () => plot.destroy();
  }, [times, lines, max, format, height, width, scheme]);

  return (
    <figure className={classes.chart}>
      <figcaption className={classes.caption}>
        <Text size="sm" fw={500} component="span">
          {title}
        </Text>
        <Text size="xs" c="dimmed" component="span" className="number" data-values>
          {valuesText(times, lines, under, format)}
        </Text>
      </figcaption>
      <div ref={ref} style={{ minHeight: height }} role="img" aria-label={label}>
        <div ref={place} />
      </div>
    </figure>
  );
}

/** The stretch of time from the first value to the last; around one that is alone a minute, in seconds. */
function stretch(from: number, to: number): [number, number] {
  return to > from ? [from, to] : [from - 30, from + 30];
}

/** Marks of a scale: its ends, and what lies between them where that is a figure as well. */
function halves(max: number): number[] {
  return max % 2 === 0 || max <= 1 ? [0, max / 2, max] : [0, max];
}

/** Says the values at a point with their instant in both zones, or the last and the largest of all. */
export function valuesText(
  times: readonly number[],
  lines: readonly Line[],
  under: number | null,
  format: (value: number) => string,
): string {
  const named = (line: Line, text: string) => (lines.length === 1 ? text : `${line.name} ${text}`);
  const written = (value: number | null | undefined) => (typeof value === 'number' ? format(value) : '–');
  const at = under === null ? undefined : times[under];
  if (under !== null && at !== undefined) {
    return [bothText(new Date(at)), ...lines.map((line) => named(line, written(line.values[under])))].join(
      ' · ',
    );
  }
  return lines
    .map((line) => {
      const known = line.values.filter((value) => value !== null);
      if (known.length === 0) return named(line, '–');
      return named(line, `last ${written(known.at(-1))} · most ${written(Math.max(...known))}`);
    })
    .join(' · ');
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
