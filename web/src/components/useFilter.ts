import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

/** The query of an address: every list and filter is in it, so that a view can be kept and handed on. */
export type Search = Record<string, string | undefined>;

/**
 * A filter that lives in the address under that name. A value that equals the fallback leaves the address clean. Setting
 * it replaces the entry in the history, so that "back" leaves the page and does not step through what was typed.
 */
export function useFilter(name: string, fallback = ''): [value: string, set: (value: string) => void] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const set = useCallback(
    (value: string) => {
      void navigate({
        to: '.',
        search: (before: Search) => ({ ...before, [name]: value === fallback ? undefined : value }),
        replace: true,
        resetScroll: false,
      });
    },
    [navigate, name, fallback],
  );
  return [search[name] ?? fallback, set];
}

/** A filter with several values, which stand in the address with commas. */
export function useFilters(name: string): [values: string[], set: (values: string[]) => void] {
  const [value, set] = useFilter(name);
  const setAll = useCallback((values: string[]) => set(values.join(',')), [set]);
  return [value === '' ? [] : value.split(','), setAll];
}
