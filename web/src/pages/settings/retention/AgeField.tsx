import { Group, NumberInput, Select } from '@mantine/core';
import { useState } from 'react';

const units = [
  { value: 'days', seconds: 86_400 },
  { value: 'hours', seconds: 3_600 },
  { value: 'minutes', seconds: 60 },
  { value: 'seconds', seconds: 1 },
] as const;

/** Returns the largest unit of which a length of time is a whole number; days for none. */
export function unitOf(seconds: number): (typeof units)[number] {
  return units.find((unit) => seconds % unit.seconds === 0) ?? units[0];
}

interface AgeFieldProps {
  label: string;
  /** What 0 means. */
  none: string;
  seconds: number;
  error: string | undefined;
  change: (seconds: number) => void;
}

/** A length of time as a number and its unit. */
export function AgeField({ label, none, seconds, error, change }: AgeFieldProps) {
  const [unit, setUnit] = useState(() => unitOf(seconds));
  const count = seconds / unit.seconds;
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <NumberInput
        label={label}
        description={seconds === 0 ? none : 'after the end; 0 is '.concat(none)}
        min={0}
        value={count}
        error={error}
        onChange={(value) => change(Number(value) * unit.seconds)}
        style={{ flex: 1 }}
      />
      <Select
        aria-label={`Unit of ${label.toLowerCase()}`}
        data={units.map(({ value }) => value)}
        value={unit.value}
        allowDeselect={false}
        w={110}
        onChange={(value) => {
          const wanted = units.find((known) => known.value === value) ?? unit;
          setUnit(wanted);
          change(count * wanted.seconds);
        }}
      />
    </Group>
  );
}
