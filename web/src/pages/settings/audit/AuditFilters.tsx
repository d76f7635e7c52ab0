import { Button, Group, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { Period } from '../../../components/Period';
import { useFilter } from '../../../components/useFilter';
import type { Search } from '../../../components/useFilter';
import { actWords, acts } from '../../../data/audit';
import type { DeedFilter } from '../../../data/audit';

/** The filter as it stands in the address. */
export function useAuditFilter(): DeedFilter {
  const [by] = useFilter('by');
  const [act] = useFilter('act');
  const [subject] = useFilter('subject');
  const [since] = useFilter('since');
  const [until] = useFilter('until');
  return { by, act, subject, since, until };
}

/** Filters the log by who, what, to what and when; all of it stands in the address. */
export function AuditFilters({ filter, filtered }: { filter: DeedFilter; filtered: boolean }) {
  const [act, setAct] = useFilter('act');
  const known = acts.map((value) => ({ value, label: actWords(value) }));
  return (
    <Group gap="xs" role="search" aria-label="Filter the audit log">
      <Select
        aria-label="What was done"
        placeholder="anything"
        // What stands in the address stays chosen, whether it is known or not.
        data={
          act === '' || known.some(({ value }) => value === act)
            ? known
            : [...known, { value: act, label: actWords(act) }]
        }
        value={act === '' ? null : act}
        onChange={(value) => setAct(value ?? '')}
        size="sm"
        w={{ base: '100%', sm: 190 }}
        clearable
        searchable
        comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
      />
      <Words name="subject" label="To what" hint="to what, such as servers/js-1" width={240} />
      <Words name="by" label="Who" hint="who" width={140} />
      <Period what="Done" since={filter.since} until={filter.until} />
      {filtered && <Clear />}
    </Group>
  );
}

interface WordsProps {
  name: 'subject' | 'by';
  label: string;
  hint: string;
  width: number;
}

/** Waits a little while one types, so that not every letter is asked for. */
function Words({ name, label, hint, width }: WordsProps) {
  const [value, setValue] = useFilter(name);
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const settle = useDebouncedCallback(setValue, 250);
  return (
    <TextInput
      aria-label={label}
      placeholder={hint}
      value={text}
      size="sm"
      w={{ base: '100%', sm: width }}
      onChange={(event) => {
        setText(event.currentTarget.value);
        settle(event.currentTarget.value);
      }}
    />
  );
}

function Clear() {
  const navigate = useNavigate();
  const names = ['by', 'act', 'subject', 'since', 'until'];
  const clear = () =>
    void navigate({
      to: '.',
      search: (before: Search) =>
        Object.fromEntries(Object.entries(before).filter(([name]) => !names.includes(name))),
      replace: true,
    });
  return (
    <Button variant="subtle" size="compact-sm" onClick={clear}>
      Clear
    </Button>
  );
}
