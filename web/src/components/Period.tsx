import { Select, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { localText, ofLocalText, zoneName } from './instants';
import type { Search } from './useFilter';

const spans = [
  { value: '1h', label: 'last hour' },
  { value: '24h', label: 'last day' },
  { value: '7d', label: 'last 7 days' },
  { value: '30d', label: 'last 30 days' },
];
const between = 'between';

interface Props {
  since: string;
  until: string;
  /** What happened in that time, such as "Asked for". */
  what: string;
}

/** When something was: within a length of time up to now, or between two instants of the browser's zone. */
export function Period({ since, until, what }: Props) {
  const navigate = useNavigate();
  const fixed = until !== '' || (since !== '' && !spans.some((span) => span.value === since));
  const [asked, setAsked] = useState(false);
  const open = fixed || asked;
  const put = (change: { since?: string; until?: string }) => {
    const search = { since, until, ...change };
    void navigate({
      to: '.',
      search: (before: Search) => ({
        ...before,
        since: search.since === '' ? undefined : search.since,
        until: search.until === '' ? undefined : search.until,
      }),
      replace: true,
      resetScroll: false,
    });
  };
  const choose = (value: string | null) => {
    setAsked(value === between);
    if (value !== between) put({ since: value ?? '', until: '' });
    else if (!fixed) put({ since: '' });
  };
  const field = (name: 'since' | 'until', label: string, value: string) => (
    <TextInput
      type="datetime-local"
      aria-label={`${label}, in your zone ${zoneName()}`}
      value={localText(value)}
      w={{ base: '100%', sm: 196 }}
      onChange={(event) => put({ [name]: ofLocalText(event.currentTarget.value) })}
    />
  );
  return (
    <>
      <Select
        aria-label="time"
        placeholder="any time"
        data={[...spans, { value: between, label: 'from … to …' }]}
        value={open ? between : since === '' ? null : since}
        onChange={choose}
        w={{ base: '100%', sm: 134 }}
        size="sm"
        clearable
        comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
      />
      {open && field('since', `${what} from`, since)}
      {open && field('until', `${what} before`, until)}
    </>
  );
}
