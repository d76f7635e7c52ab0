import { Text } from '@mantine/core';
import { useEffect, useState } from 'react';

/** Writes a length of time in its two largest units, such as "2 m 5 s". */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** Shows an instant: the time of day, with the date where it is another day. The whole of it is the title. */
export function Instant({ at }: { at: Date | null }) {
  if (!at) return <Text component="span">–</Text>;
  const today = new Date().toDateString() === at.toDateString();
  return (
    <time dateTime={at.toISOString()} title={at.toISOString()} className="number">
      {(today ? clock : day).format(at)}
    </time>
  );
}

/** Shows how long something took, or has taken so far. */
export function Elapsed({ from, to }: { from: Date | null; to: Date | null }) {
  const [now, setNow] = useState(() => Date.now());
  const open = from !== null && to === null;
  useEffect(() => {
    if (!open) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [open]);
  if (!from) return <Text component="span">–</Text>;
  return <span className="number">{duration((to?.getTime() ?? now) - from.getTime())}</span>;
}
