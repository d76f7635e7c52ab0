import { memo } from 'react';

/** A small line of values between 0 and a bound, drawn to be read at a glance. The label says the newest for who listens. */
export const Sparkline = memo(function Sparkline({
  values,
  max = 1,
  width = 64,
  height = 20,
  label,
  color = 'var(--trend)',
}: {
  values: readonly number[];
  max?: number;
  width?: number;
  height?: number;
  label: string;
  color?: string;
}) {
  const line = points(values, max, width, height);
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <title>{label}</title>
      <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} stroke="var(--line)" />
      {values.length > 1 && (
        <>
          <polygon points={`0,${height} ${line} ${width},${height}`} fill={color} opacity={0.13} />
          <polyline points={line} fill="none" stroke={color} strokeWidth={1.3} strokeLinejoin="round" />
        </>
      )}
    </svg>
  );
});

/** Returns the points of the line, from left to right over the whole width. */
export function points(values: readonly number[], max: number, width: number, height: number): string {
  const step = width / Math.max(1, values.length - 1);
  return values
    .map((value, i) => {
      const share = max > 0 ? Math.max(0, Math.min(1, value / max)) : 0;
      return `${(i * step).toFixed(1)},${(1 + (height - 2) * (1 - share)).toFixed(1)}`;
    })
    .join(' ');
}
