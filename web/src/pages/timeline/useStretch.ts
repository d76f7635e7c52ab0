import { useDebouncedCallback } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { useFilter } from '../../components/useFilter';
import type { Search } from '../../components/useFilter';
import { zoom } from '../../components/ticks';

const minute = 60_000;
const day = 1440 * minute;

export const lengths = [
  { name: '15m', ms: 15 * minute },
  { name: '1h', ms: 60 * minute },
  { name: '6h', ms: 360 * minute },
  { name: '1d', ms: day },
  { name: '7d', ms: 7 * day },
];

const bounds = { least: 10_000, most: 10 * day };
/** So much of what is shown lies behind the present while it is followed. */
const behind = 0.85;

export interface Stretch {
  from: number;
  to: number;
  /** The stretch that is read: longer, so that a small move asks for nothing new. */
  read: { from: number; to: number };
  /** Whether it goes on with the present. */
  follows: boolean;
  /** Name of one of lengths, or empty. */
  length: string;
  setLength: (name: string) => void;
  show: (from: number, to: number) => void;
  move: (share: number) => void;
  zoomBy: (factor: number, at?: number) => void;
  toNow: () => void;
}

/** The stretch of time that is shown. It stands in the address: a length up to the present, or two instants. */
export function useStretch(now: number): Stretch {
  const [name] = useFilter('length', '1h');
  const [fromText] = useFilter('from');
  const [toText] = useFilter('to');
  const navigate = useNavigate();
  // While one moves it is only here: the address follows when one rests.
  const [moving, setMoving] = useState<{ from: number; to: number } | null>(null);
  const settle = useDebouncedCallback((from: number, to: number) => {
    const text = (at: number) => new Date(at).toISOString();
    void navigate({
      to: '.',
      search: (before: Search) => ({ ...before, from: text(from), to: text(to) }),
      replace: true,
      resetScroll: false,
    }).then(() => setMoving(null));
  }, 250);

  const fixed = stretchOf(fromText, toText);
  const ms = lengths.find((l) => l.name === name)?.ms ?? 60 * minute;
  const { from, to } = moving ?? fixed ?? { from: now - ms * behind, to: now + ms * (1 - behind) };
  const show = (begin: number, end: number) => {
    setMoving({ from: begin, to: end });
    settle(begin, end);
  };
  const clear = (length: string) => {
    setMoving(null);
    void navigate({
      to: '.',
      search: (before: Search) => ({
        ...before,
        from: undefined,
        to: undefined,
        length: length === '1h' ? undefined : length,
      }),
      replace: true,
      resetScroll: false,
    });
  };
  const read = useMemo(() => readStretch(from, to), [from, to]);
  return {
    from,
    to,
    read,
    follows: !moving && !fixed,
    length: moving || fixed ? '' : name,
    setLength: clear,
    show,
    move: (share) => show(from + (to - from) * share, to + (to - from) * share),
    zoomBy: (factor, at = (from + to) / 2) => {
      const next = zoom(from, to, at, factor, bounds);
      show(next.from, next.to);
    },
    toNow: () => clear(name),
  };
}

function stretchOf(from: string, to: string): { from: number; to: number } | null {
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  return begin < end && end - begin <= 31 * day ? { from: begin, to: end } : null;
}

/** Returns the whole steps around a stretch; a step is between a half and the whole of its length. */
export function readStretch(from: number, to: number): { from: number; to: number } {
  const step = 2 ** Math.floor(Math.log2(Math.max(1000, to - from)));
  return { from: Math.floor(from / step) * step, to: Math.ceil(to / step) * step };
}
