import { Group, Text } from '@mantine/core';

import type { Term } from '../data/placement';

/** A penalty of so much fills the bar: it leaves 10 points of 100. */
const fullPenalty = 180;

/** Shows what each term of a rating costs, the dearest first, as bars with their numbers. */
export function TermBars({ terms }: { terms: readonly Term[] }) {
  const sorted = [...terms].sort((a, b) => b.penalty - a.penalty);
  return (
    <div role="list" aria-label="Terms of the rating">
      {sorted.map((term, i) => (
        <div key={`${term.indicator}/${i}`} role="listitem">
          <Group justify="space-between" gap="xs" wrap="nowrap">
            <Text size="xs">{term.indicator}</Text>
            <Text size="xs" c="dimmed" className="number">
              {number(term.value)} · costs {term.penalty.toFixed(1)}
            </Text>
          </Group>
          <div
            style={{ height: 4, borderRadius: 2, background: 'var(--line)', overflow: 'hidden' }}
            aria-hidden
          >
            <div
              style={{
                height: '100%',
                width: `${100 * Math.min(1, Math.log1p(term.penalty) / Math.log1p(fullPenalty))}%`,
                background: 'var(--tone-warn)',
              }}
            />
          </div>
        </div>
      ))}
    </div>
  );
}

const units = ['', ' k', ' M', ' G', ' T'];

/** Writes a value of any size in at most three digits. */
export function number(value: number): string {
  const size = Math.abs(value);
  const step = size < 10_000 ? 0 : Math.min(4, Math.floor(Math.log10(size) / 3));
  return `${Number((value / 1000 ** step).toPrecision(3))}${units[step] ?? ''}`;
}
