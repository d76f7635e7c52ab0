import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useState } from 'react';

/** The query of an address: every list and filter is in it, so that a view can be kept and handed on. */
export type Search = Record<string, string | undefined>;

interface Known {
  /** What the address was seen to hold. */
  stored: string;
  value: string;
  /** What was set and has not been seen in the address yet, oldest first. */
  sent: string[];
}

/**
 * A filter that lives in the address under that name. A value that equals the fallback leaves the address clean. Setting
 * it replaces the entry in the history, so that "back" leaves the page and does not step through what was typed. The value
 * is what was set last, at once: the address follows a moment later, and one may type on meanwhile.
 */
export function useFilter(name: string, fallback = ''): [value: string, set: (value: string) => void] {
  const search: Search = useSearch({ strict: false });
  const stored = search[name] ?? fallback;
  const [known, setKnown] = useState<Known>({ stored, value: stored, sent: [] });
  if (stored !== known.stored) setKnown(seen(known, stored));
  const navigate = useNavigate();
  const set = useCallback(
    (value: string) => {
      setKnown((before) => ({ ...before, value, sent: [...before.sent, value] }));
      void navigate({
        to: '.',
        search: (before: Search) => ({ ...before, [name]: value === fallback ? undefined : value }),
        replace: true,
        resetScroll: false,
      });
    },
    [navigate, name, fallback],
  );
  return [known.value, set];
}

/** Takes in what the address holds now: one's own setting that has arrived, or another's. */
export function seen(known: Known, stored: string): Known {
  const at = known.sent.lastIndexOf(stored);
  return at < 0 ? { stored, value: stored, sent: [] } : { ...known, stored, sent: known.sent.slice(at + 1) };
}

/** A filter with several values, which stand in the address with commas. */
export function useFilters(name: string): [values: string[], set: (values: string[]) => void] {
  const [value, set] = useFilter(name);
  const setAll = useCallback((values: string[]) => set(values.join(',')), [set]);
  return [value === '' ? [] : value.split(','), setAll];
}

/**
 * The part of a page that is on show, which is in the address too. It changes once the address has, and not before: what
 * is not saved in the part that one is about to leave may keep one there.
 */
export function usePart(fallback: string): [part: string, set: (part: string | null) => void] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const set = useCallback(
    (part: string | null) =>
      void navigate({
        to: '.',
        search: (before: Search) => ({
          ...before,
          part: part === fallback ? undefined : (part ?? undefined),
        }),
        replace: true,
        resetScroll: false,
      }),
    [navigate, fallback],
  );
  return [search.part ?? fallback, set];
}
