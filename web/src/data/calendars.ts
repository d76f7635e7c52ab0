// Calendars: named sets of days and hours at which triggers are due, or are not.

import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { get, getAll, part, send } from './api';
import type { WireCalendar, WireCalendarDay, WireCalendarEntry, WirePage, WireTrigger } from './wire';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** Some days, or some hours of them, as the API has them; empty texts and lists where something is left out. */
export interface Entry {
  name: string;
  date: string;
  until: string;
  weekdays: string[];
  rule: string;
  hours: string[];
}

/** A calendar as an operator writes it. */
export interface CalendarDraft {
  name: string;
  description: string;
  mode: 'exclude' | 'only';
  /** IANA name of a zone; empty takes that of the trigger. */
  timezone: string;
  entries: Entry[];
  /** Text of an iCalendar file. */
  icalendar: string;
}

export interface Calendar extends CalendarDraft {
  version: number;
}

/** What a calendar says of a day. */
export interface CalendarDay {
  /** As in 2026-12-25. */
  date: string;
  /** Hours at which triggers may be due, such as 09:00-17:30; none where they are not due all day. */
  allowed: string[];
  /** Names of the entries that fit the day. */
  entries: string[];
}

export const emptyEntry: Entry = { name: '', date: '', until: '', weekdays: [], rule: '', hours: [] };
export const emptyCalendar: CalendarDraft = {
  name: '',
  description: '',
  mode: 'exclude',
  timezone: '',
  entries: [],
  icalendar: '',
};

export function calendarOf(wire: WireCalendar): Calendar {
  return {
    name: wire.name,
    description: wire.description ?? '',
    mode: wire.mode ?? 'exclude',
    timezone: wire.timezone ?? '',
    entries: (wire.entries ?? []).map(entryOf),
    icalendar: wire.icalendar ?? '',
    version: wire.version,
  };
}

function entryOf(wire: WireCalendarEntry): Entry {
  return {
    name: wire.name ?? '',
    date: wire.date ?? '',
    until: wire.until ?? '',
    weekdays: wire.weekdays ?? [],
    rule: wire.rule ?? '',
    hours: wire.hours ?? [],
  };
}

/** Leaves out of an entry what is not set. */
function wireEntry(entry: Entry): WireCalendarEntry {
  return Object.fromEntries(
    Object.entries(entry).filter(([, value]: [string, string | string[]]) => value.length > 0),
  );
}

function specOf(draft: CalendarDraft) {
  return { ...draft, name: draft.name.trim(), entries: draft.entries.map(wireEntry) };
}

export const calendars = queryOptions({
  queryKey: ['calendars'],
  queryFn: async ({ signal }) => (await getAll<WireCalendar>('/calendars', signal)).map(calendarOf),
});

export const calendar = (name: string) =>
  queryOptions({
    queryKey: ['calendar', name],
    queryFn: async ({ signal }) => calendarOf(await get<WireCalendar>(`/calendars/${part(name)}`, signal)),
  });

/** What a calendar says of each day from one instant on until another. */
export const calendarDays = (name: string, from: Date, to: Date) =>
  queryOptions({
    queryKey: ['calendar', name, 'days', from.toISOString(), to.toISOString()],
    queryFn: async ({ signal }): Promise<CalendarDay[]> => {
      const path = `/calendars/${part(name)}/days?from=${from.toISOString()}&to=${to.toISOString()}`;
      return (await get<WirePage<WireCalendarDay>>(path, signal)).items;
    },
  });

/** What a calendar that is not stored would say of each day. */
export const calendarPreview = (draft: CalendarDraft, from: Date, to: Date) =>
  queryOptions({
    queryKey: ['calendar-preview', from.toISOString(), to.toISOString(), draft],
    queryFn: async ({ signal }): Promise<CalendarDay[]> => {
      const { mode, timezone, entries, icalendar } = specOf(draft);
      const path = `/calendars/preview?from=${from.toISOString()}&to=${to.toISOString()}`;
      const body = { mode, timezone, entries, icalendar };
      return (await send<WirePage<WireCalendarDay>>('POST', path, { body, signal })).items;
    },
    placeholderData: keepPreviousData,
    gcTime: 10_000,
  });

/** The triggers that follow a calendar, and whose they are. */
export const calendarTriggers = (name: string) =>
  queryOptions({
    queryKey: ['triggers', 'calendar', name],
    queryFn: async ({ signal }) =>
      (await getAll<WireTrigger>(`/triggers?calendar=${part(name)}`, signal)).map((wire) => ({
        name: wire.name,
        task: wire.task ?? null,
        plan: wire.plan ?? null,
      })),
  });

export async function createCalendar(draft: CalendarDraft): Promise<Calendar> {
  return calendarOf(await send<WireCalendar>('POST', '/calendars', { body: specOf(draft) }));
}

/** Changes a calendar that is still as it was read; what others changed meanwhile is not overwritten. */
export async function editCalendar(before: Calendar, draft: CalendarDraft): Promise<Calendar> {
  const path = `/calendars/${part(before.name)}`;
  const { description, mode, timezone, entries, icalendar } = specOf(draft);
  const body = { description, mode, timezone, entries, icalendar };
  return calendarOf(await send<WireCalendar>('PATCH', path, { body, version: before.version }));
}

export async function deleteCalendar(name: string): Promise<void> {
  await send('DELETE', `/calendars/${part(name)}`);
}
