import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';

import { useDraft } from '../../../components/document/useDraft';
import { done } from '../../../components/notices';
import { useAction } from '../../../components/useAction';
import { createCalendar, editCalendar, emptyCalendar, emptyEntry } from '../../../data/calendars';
import type { Calendar, CalendarDraft, Entry } from '../../../data/calendars';
import { faultsOf } from '../faults';
import { FormEnd } from '../FormEnd';
import { EntryFields } from './EntryFields';
import { ICalendarField } from './ICalendarField';
import { Preview } from './Preview';

interface CalendarFormProps {
  calendar: Calendar | null;
  close: () => void;
  saved: (calendar: Calendar) => void;
}

export const word = 'calendar';

const fixed = ['name', 'description', 'mode', 'timezone', 'icalendar'];
const zones = Intl.supportedValuesOf('timeZone');

/** Creates or edits a calendar. */
export function CalendarForm({ calendar, close, saved }: CalendarFormProps) {
  const { before, draft, setDraft } = useDraft<Calendar, CalendarDraft>(word, {
    stored: calendar,
    empty: emptyCalendar,
  });
  const { entries } = draft;
  // One for each entry, which tells the rows of the form apart.
  const [keys, setKeys] = useState(() => entries.map((_, n) => n));
  const change = (fields: Partial<CalendarDraft>) => setDraft((old) => ({ ...old, ...fields }));
  const saving = useAction(() => (before ? editCalendar(before, draft) : createCalendar(draft)), {
    failure: 'The calendar could not be saved',
    changes: [['calendars'], ['calendar', draft.name], ['occurrences']],
    onDone: (stored) => {
      done(before ? `${stored.name} is saved` : `${stored.name} is there; triggers can name it`);
      close();
      saved(stored);
    },
  });
  const add = () => {
    saving.reset();
    setKeys([...keys, Math.max(-1, ...keys) + 1]);
    change({ entries: [...entries, emptyEntry] });
  };
  const put = (n: number, fields: Partial<Entry>) =>
    change({ entries: entries.map((entry, m) => (m === n ? { ...entry, ...fields } : entry)) });
  const remove = (n: number) => {
    // What was wrong is told by place, and the places change.
    saving.reset();
    setKeys(keys.filter((_, m) => m !== n));
    change({ entries: entries.filter((_, m) => m !== n) });
  };
  const faults = faultsOf(saving.error, [...fixed, ...entries.map((_, n) => `entries[${n}]`)]);
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate(undefined);
      }}
    >
      <Stack gap="sm">
        {!before && (
          <TextInput
            label="Name"
            description="1 to 63 of a-z 0-9 - _ ."
            value={draft.name}
            error={faults.at('name')}
            onChange={(event) => change({ name: event.currentTarget.value })}
            required
            data-autofocus
          />
        )}
        <TextInput
          label="What it is for"
          value={draft.description}
          error={faults.at('description')}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
        <Select
          label="On these days and hours triggers are"
          data={[
            { value: 'exclude', label: 'not due' },
            { value: 'only', label: 'due, and at no other time' },
          ]}
          value={draft.mode}
          allowDeselect={false}
          error={faults.at('mode')}
          onChange={(value) => change({ mode: value === 'only' ? 'only' : 'exclude' })}
        />
        <Select
          label="Zone of its days and hours"
          placeholder="that of each trigger"
          data={zones.includes(draft.timezone) || draft.timezone === '' ? zones : [draft.timezone, ...zones]}
          value={draft.timezone === '' ? null : draft.timezone}
          limit={50}
          searchable
          clearable
          error={faults.at('timezone')}
          onChange={(value) => change({ timezone: value ?? '' })}
        />
        <Text component="h3" size="sm" fw={600} mt="xs">
          Days and hours
        </Text>
        {entries.length === 0 && (
          <Text size="sm" c="dimmed">
            None yet. Add them one by one, or read an iCalendar file below.
          </Text>
        )}
        {entries.map((entry, n) => (
          <EntryFields
            key={keys[n]}
            number={n + 1}
            entry={entry}
            wrong={(field) => faults.at(`entries[${n}]${field === '' ? '' : `.${field}`}`)}
            change={(fields) => put(n, fields)}
            remove={() => remove(n)}
          />
        ))}
        <Group>
          <Button
            size="compact-sm"
            variant="light"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={add}
          >
            Add days or hours
          </Button>
        </Group>
        <ICalendarField
          text={draft.icalendar}
          error={faults.at('icalendar')}
          change={(icalendar) => change({ icalendar })}
        />
        <Preview draft={draft} />
      </Stack>
      <FormEnd rest={faults.rest} saving={saving.isPending} save={before ? 'Save' : 'Create'} close={close} />
    </form>
  );
}
