import type { CalendarDay } from '../../../data/calendars';

/** How much of a day triggers may be due on. */
export type Share = 'all' | 'part' | 'none';

const minutesOfDay = 24 * 60;

/** Returns how much of a day is allowed. */
export function shareOf(day: CalendarDay): Share {
  if (day.allowed.length === 0) return 'none';
  return day.allowed.reduce((sum, span) => sum + minutesIn(span), 0) >= minutesOfDay ? 'all' : 'part';
}

/** Returns the minutes of a span such as 09:00-17:30. */
function minutesIn(span: string): number {
  const [from = '', to = ''] = span.split('-');
  return minuteOf(to) - minuteOf(from);
}

function minuteOf(clock: string): number {
  const [hour = 0, minute = 0] = clock.split(':').map(Number);
  return hour * 60 + minute;
}

/** A month as it is drawn: its days behind as many gaps as there are weekdays before the first, Monday being first. */
export interface Month {
  /** As in 2026-12. */
  key: string;
  name: string;
  gaps: number;
  days: CalendarDay[];
}

const monthName = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric', timeZone: 'UTC' });
const shortDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });
const dayName = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});

/** Parts days, which are in order, into their months. */
export function monthsOf(days: readonly CalendarDay[]): Month[] {
  const months: Month[] = [];
  for (const day of days) {
    const key = day.date.slice(0, 7);
    const last = months.at(-1);
    if (last?.key === key) {
      last.days.push(day);
      continue;
    }
    const at = new Date(`${day.date}T00:00:00Z`);
    months.push({ key, name: monthName.format(at), gaps: (at.getUTCDay() + 6) % 7, days: [day] });
  }
  return months;
}

/** Says what a calendar says of a day, such as "Friday, 25 December 2026: not due (Christmas)". */
export function dayWords(day: CalendarDay): string {
  const share = shareOf(day);
  const due = { all: 'due all day', part: `due ${day.allowed.join(', ')}`, none: 'not due' }[share];
  const why = day.entries.length > 0 ? ` (${day.entries.join(', ')})` : '';
  return `${dayName.format(new Date(`${day.date}T00:00:00Z`))}: ${due}${why}`;
}

/** Returns the midnights, in UTC, between which the year lies that begins with the day of an instant, or so many later. */
export function yearFrom(now: Date, later = 0): { from: Date; to: Date } {
  const day = (year: number) => new Date(Date.UTC(year, now.getUTCMonth(), now.getUTCDate()));
  const year = now.getUTCFullYear() + later;
  return { from: day(year), to: day(year + 1) };
}

/** Says which year it is, such as "22 Nov 2027 to 21 Nov 2028". */
export function yearWords({ from, to }: { from: Date; to: Date }): string {
  return `${shortDay.format(from)} to ${shortDay.format(to.getTime() - minutesOfDay * 60_000)}`;
}
