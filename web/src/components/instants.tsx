import { Text } from '@mantine/core';
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';

import { duration } from '../data/instants';

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** Writes an instant in the browser's zone: the time of day, with the date where it is another day. */
export function instantText(at: Date, now = new Date()): string {
  return (now.toDateString() === at.toDateString() ? clock : day).format(at);
}

/** The whole of an instant for hovering: in the browser's zone, in UTC, and in a third zone where that is neither. */
export function instantTitle(at: Date, zone = ''): string {
  const lines = [`${day.format(at)} (${zoneName()})`, utcText(at)];
  if (zone !== '' && zone !== 'UTC' && zone !== zoneName()) {
    const there = dayIn(zone);
    if (there) lines.push(`${there.format(at)} (${zone})`);
  }
  return lines.join('\n');
}

/** Writes an instant in UTC, such as "2026-01-31 08:00:00 UTC". */
export function utcText(at: Date): string {
  return at.toISOString().replace('T', ' ').replace('.000Z', 'Z').replace('Z', ' UTC');
}

/**
 * Writes an instant in the browser's zone and in UTC within a line, such as "10:00:00 AM · 08:00:00 UTC", with the date in UTC
 * where that is another one. In a browser whose zone is UTC that is said once.
 */
export function bothText(at: Date, now = new Date()): string {
  if (at.getTimezoneOffset() === 0) return `${instantText(at, now)} UTC`;
  const seconds = new Date(Math.floor(at.getTime() / 1000) * 1000);
  const [date = '', time] = utcText(seconds).split(/ (.*)/);
  const sameDay = Number(date.slice(8)) === at.getDate();
  return `${instantText(at, now)} · ${sameDay ? '' : `${date} `}${time}`;
}

const zones = new Map<string, Intl.DateTimeFormat | null>();

/** Returns what writes instants in a zone; null where the browser does not know it. */
function dayIn(timeZone: string): Intl.DateTimeFormat | null {
  const known = zones.get(timeZone);
  if (known !== undefined) return known;
  let format: Intl.DateTimeFormat | null = null;
  try {
    format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', timeZone });
  } catch {
    // The conductor knows zones that a browser may not.
  }
  zones.set(timeZone, format);
  return format;
}

/** The browser's time zone, such as "Europe/Paris". */
export function zoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Writes an instant as a field of the type datetime-local takes it, in the browser's zone; empty for what is none. */
export function localText(text: string | undefined): string {
  const at = new Date(text ?? '');
  if (Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Reads what such a field holds as an instant of the API; empty for what is none. */
export function ofLocalText(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
}

interface InstantProps {
  at: Date | null;
  /** The zone of the trigger that it comes of. */
  zone?: string | undefined;
  /** True inside of what has the focus itself, such as a button or a link. */
  within?: boolean;
  /**
   * True in a row of a list, where times are no stops of Tab: there may be hundreds. Who comes to a link or a button of the
   * row is told them, and the arrows go from time to time (TimeTip).
   */
  row?: boolean;
}

/** Shows an instant in the browser's zone; the others are told on hovering, and when one comes to it by keyboard or touch. */
export function Instant(props: InstantProps) {
  const { at } = props;
  // What was today is yesterday on a page that is open for long.
  const words = useCallback(() => (at ? instantText(at) : ''), [at]);
  const text = useSyncExternalStore(eachSecond, words);
  return <Time {...props} text={at ? text : '–'} />;
}

function Time({ at, zone, within = false, row = false, text }: InstantProps & { text: string }) {
  if (!at) return <span>{text}</span>;
  return (
    <time
      dateTime={at.toISOString()}
      title={instantTitle(at, zone)}
      className="number"
      tabIndex={within ? undefined : row ? -1 : 0}
    >
      {text}
    </time>
  );
}

/** Returns the present, anew each second while it is wanted. */
export function useNow(wanted = true, everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!wanted) return undefined;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [wanted, everyMs]);
  return now;
}

/** Shows how long something took; of what has no end yet, how long it takes so far, and on hovering since when. */
export function Elapsed({ from, to }: { from: Date | null; to: Date | null }) {
  const now = useNow(from !== null && to === null);
  if (!from) return <Text component="span">–</Text>;
  if (to) return <span className="number">{duration(to.getTime() - from.getTime())}</span>;
  return (
    <span className="number" title={`since ${instantTitle(from)}`} data-since>
      {duration(now - from.getTime())} so far
    </span>
  );
}

/** All that show how long ago something was are told by one clock, each second. */
const onTick = new Set<() => void>();
let clockwork: ReturnType<typeof setInterval> | undefined;

function eachSecond(tick: () => void): () => void {
  onTick.add(tick);
  clockwork ??= setInterval(() => onTick.forEach((tell) => tell()), 1000);
  return () => {
    onTick.delete(tick);
    if (onTick.size > 0) return;
    clearInterval(clockwork);
    clockwork = undefined;
  };
}

/** Shows how long ago something was. It is drawn anew only when its words change. */
export function Ago({ at, row = false }: { at: Date | null; row?: boolean }) {
  const words = useCallback(() => (at ? agoText(Date.now() - at.getTime()) : 'never'), [at]);
  const text = useSyncExternalStore(eachSecond, words);
  return <Time at={at} row={row} text={text} />;
}

/** Says how long ago, in the largest unit. */
export function agoText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 5) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
