import { Group, Text } from '@mantine/core';
import { useId, useState } from 'react';
import type { KeyboardEvent } from 'react';

import type { CalendarDay } from '../../../data/calendars';
import { dayWords, monthsOf, shareOf } from './year';
import type { Month, Share } from './year';
import classes from './YearView.module.css';

const weekdayLetters = ['M', 'T', 'W', 'T', 'F', 'S', 'S'];
const legend: { share: Share; words: string }[] = [
  { share: 'all', words: 'due all day' },
  { share: 'part', words: 'due at some hours' },
  { share: 'none', words: 'not due' },
];
const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

/** A year of days, each coloured and marked by how much of it is allowed; the day pointed at is told in words below. */
export function YearView({ days }: { days: CalendarDay[] }) {
  const [shown, setShown] = useState(0);
  const id = useId();
  const move = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(days.length - 1, Math.max(0, shown + step));
    setShown(next);
    document.getElementById(`${id}-${days[next]?.date}`)?.focus();
  };
  const pointed = days[shown];
  let first = 0;
  return (
    <>
      <Group gap="md" mb="sm">
        {legend.map(({ share, words }) => (
          <Group key={share} gap={6}>
            <span className={classes.day} data-share={share} aria-hidden />
            <Text size="xs">{words}</Text>
          </Group>
        ))}
      </Group>
      <div className={classes.year} onKeyDown={move} role="group" aria-label="The coming year, by arrow keys">
        {monthsOf(days).map((month) => {
          const before = first;
          first += month.days.length;
          return (
            <MonthGrid
              key={month.key}
              month={month}
              id={id}
              tabbed={shown - before}
              show={(n) => setShown(before + n)}
            />
          );
        })}
      </div>
      <Text size="sm" mt="sm" role="status" className={classes.words}>
        {pointed && dayWords(pointed)}
      </Text>
    </>
  );
}

function MonthGrid({
  month,
  id,
  tabbed,
  show,
}: {
  month: Month;
  id: string;
  /** The day of the month, counted from its first one here, that the tab key reaches; any other number for none. */
  tabbed: number;
  show: (day: number) => void;
}) {
  return (
    <section aria-label={month.name}>
      <Text size="xs" fw={600} mb={4}>
        {month.name}
      </Text>
      <div className={classes.month}>
        {weekdayLetters.map((letter, n) => (
          <span key={n} className={classes.letter} aria-hidden>
            {letter}
          </span>
        ))}
        {Array.from({ length: month.gaps }, (_, n) => (
          <span key={`gap-${n}`} aria-hidden />
        ))}
        {month.days.map((day, n) => (
          <button
            key={day.date}
            id={`${id}-${day.date}`}
            type="button"
            className={classes.day}
            data-share={shareOf(day)}
            tabIndex={n === tabbed ? 0 : -1}
            aria-label={dayWords(day)}
            title={dayWords(day)}
            onFocus={() => show(n)}
            onMouseEnter={() => show(n)}
          >
            {Number(day.date.slice(8))}
          </button>
        ))}
      </div>
    </section>
  );
}
