import {
  ActionIcon,
  Chip,
  Fieldset,
  Group,
  Input,
  SimpleGrid,
  Stack,
  TagsInput,
  TextInput,
} from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';

import { weekdays } from '../../../data/calendars';
import type { Entry } from '../../../data/calendars';

interface EntryFieldsProps {
  /** The place of the entry in the form, from 1. */
  number: number;
  entry: Entry;
  change: (fields: Partial<Entry>) => void;
  remove: () => void;
  /** What is wrong with a field of the entry. */
  wrong: (field: string) => string | undefined;
}

/** The fields of some days, or hours of them. What is left empty does not narrow them. */
export function EntryFields({ number, entry, change, remove, wrong }: EntryFieldsProps) {
  const named = entry.name === '' ? `number ${number}` : entry.name;
  return (
    <Fieldset legend={entry.name === '' ? `Number ${number}` : entry.name} pos="relative">
      <ActionIcon
        variant="subtle"
        color="red"
        pos="absolute"
        top={4}
        right={8}
        aria-label={`Remove ${named}`}
        onClick={remove}
      >
        <IconTrash size={16} />
      </ActionIcon>
      <Stack gap="sm">
        <TextInput
          label="Called"
          placeholder="Christmas"
          value={entry.name}
          error={wrong('name')}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <SimpleGrid cols={2}>
          <TextInput
            label="Day"
            description="2026-12-25, or 12-25 each year"
            value={entry.date}
            error={wrong('date')}
            onChange={(event) => change({ date: event.currentTarget.value.trim() })}
          />
          <TextInput
            label="Until"
            description="The last day of a range"
            value={entry.until}
            error={wrong('until')}
            onChange={(event) => change({ until: event.currentTarget.value.trim() })}
          />
        </SimpleGrid>
        <Weekdays entry={entry} change={change} error={wrong('weekdays')} />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TagsInput
            label="Hours"
            description="By default the whole day"
            placeholder={entry.hours.length === 0 ? '22:00-06:00' : ''}
            value={entry.hours}
            error={wrong('hours')}
            acceptValueOnBlur
            onChange={(hours) => change({ hours })}
          />
          <TextInput
            label="Recurrence rule"
            description="Of RFC 5545, beginning at the day"
            placeholder="FREQ=MONTHLY;BYDAY=-1FR"
            value={entry.rule}
            error={wrong('rule')}
            onChange={(event) => change({ rule: event.currentTarget.value.trim() })}
          />
        </SimpleGrid>
      </Stack>
    </Fieldset>
  );
}

function Weekdays({
  entry,
  change,
  error,
}: Pick<EntryFieldsProps, 'entry' | 'change'> & { error: string | undefined }) {
  return (
    <Input.Wrapper label="Weekdays" error={error} labelElement="div">
      <Chip.Group multiple value={spelledOut(entry.weekdays)} onChange={(days) => change({ weekdays: days })}>
        <Group gap={4} mt={2}>
          {weekdays.map((day) => (
            <Chip key={day} value={day} size="xs">
              {day}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
    </Input.Wrapper>
  );
}

/** Writes ranges of weekdays such as mon-fri as their days. Words that are none stay as they are. */
export function spelledOut(words: readonly string[]): string[] {
  const all: readonly string[] = weekdays;
  return words.flatMap((word) => {
    const [low = '', high = low] = word.trim().toLowerCase().split('-');
    const from = all.indexOf(low);
    const to = all.indexOf(high);
    if (from < 0 || to < 0) return [word];
    const days = (to - from + all.length) % all.length;
    return Array.from({ length: days + 1 }, (_, n) => all[(from + n) % all.length] ?? word);
  });
}
