import { Text } from '@mantine/core';
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';

import { duration } from '../data/instants';

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** Writes an instant in the browser's zone: the time of day, with the date where it is another day. */
export function instantText(at: Date, now = new Date()): string {
  return (now.toDateString() === at.toDateString() ? clock : day).format(at);
}

/** The whole of an instant for hovering: in the browser's zone and in UTC. */
export function instantTitle(at: Date): string {
  return `${day.format(at)} (${zoneName()})\n${at.toISOString().replace('T', ' ').replace('.000Z', 'Z').replace('Z', ' UTC')}`;
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

/** Shows an instant in the browser's zone, with UTC on hovering. */
export function Instant({ at }: { at: Date | null }) {
  if (!at) return <Text component="span">–</Text>;
  return (
    <time dateTime={at.toISOString()} title={instantTitle(at)} className="number">
      {instantText(at)}
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
    <span className="number" title={`since ${instantTitle(from)}`}>
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
export function Ago({ at }: { at: Date | null }) {
  const words = useCallback(() => (at ? agoText(Date.now() - at.getTime()) : 'never'), [at]);
  const text = useSyncExternalStore(eachSecond, words);
  if (!at) return <span>{text}</span>;
  return (
    <time dateTime={at.toISOString()} title={instantTitle(at)} className="number">
      {text}
    </time>
  );
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
