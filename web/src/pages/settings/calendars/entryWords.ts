import type { Entry } from '../../../data/calendars';

/** Says which days and hours an entry is about, such as "sat, sun" or "12-25 to 12-26, each year, 22:00-06:00". */
export function entryWords({ date, until, weekdays, rule, hours }: Entry): string {
  const words = [dateWords(date, until, rule)];
  if (weekdays.length > 0) words.push(weekdays.join(', '));
  const days = words.filter((word) => word !== '').join(', ');
  return [days === '' ? 'each day' : days, ...hours].join(', ');
}

function dateWords(date: string, until: string, rule: string): string {
  if (rule !== '') return `${rule} from ${date}`;
  if (date === '') return '';
  const range = until === '' ? date : `${date} to ${until}`;
  return /^\d\d-\d\d$/.test(date) ? `${range}, each year` : range;
}
