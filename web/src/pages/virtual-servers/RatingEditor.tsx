import { ActionIcon, Button, Group, NumberInput, Select, Stack, Switch, Table, Text } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { ratingPresets } from '../../data/virtualServers';
import type { Indicator, Metric, RatingRule } from '../../data/virtualServers';

/** A row of the editor. One that is off keeps its numbers for when it is on again. */
interface Row extends Indicator {
  on: boolean;
}

const own = 'own indicators';

/** Edits how members are rated: a preset, or indicators with their bounds and weights. */
export function RatingEditor({
  rating,
  change,
}: {
  rating: RatingRule;
  change: (rating: RatingRule) => void;
}) {
  const known = useQuery(ratingPresets).data;
  const [rows, setRows] = useState<Row[]>(() =>
    'indicators' in rating ? rating.indicators.map((indicator) => ({ ...indicator, on: true })) : [],
  );
  const presets = known?.presets ?? [];
  const preset = presets.find(({ name }) => 'preset' in rating && rating.preset === name);
  const edit = (next: Row[]) => {
    setRows(next);
    const indicators = next
      .filter(({ on }) => on)
      .map(({ name, min, max, weight }) => ({ name, min, max, weight }));
    change({ indicators });
  };
  const begin = (indicators: readonly Indicator[]) =>
    edit(indicators.map((indicator) => ({ ...indicator, on: true })));
  return (
    <Stack gap="xs">
      <Select
        label="Rating"
        description={
          preset?.meaning ??
          'Each indicator costs nothing within its bounds, and by its weight outside of them.'
        }
        data={[...presets.map(({ name }) => name), own]}
        value={'preset' in rating ? rating.preset : own}
        allowDeselect={false}
        onChange={(value) => {
          if (value === own) begin(preset?.indicators ?? presets[0]?.indicators ?? []);
          else if (value) change({ preset: value });
        }}
      />
      {'indicators' in rating && (
        <>
          <Indicators rows={rows} metrics={known?.metrics ?? []} edit={edit} />
          <Group gap="xs">
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconPlus size={14} aria-hidden />}
              onClick={() =>
                edit([
                  ...rows,
                  { name: known?.metrics[0]?.name ?? 'cpu_idle', min: 0, max: 1, weight: 1, on: true },
                ])
              }
            >
              Add an indicator
            </Button>
            {presets.map(({ name, indicators }) => (
              <Button key={name} size="compact-sm" variant="subtle" onClick={() => begin(indicators)}>
                {name === 'talend' ? 'Talend defaults' : `Begin with ${name}`}
              </Button>
            ))}
          </Group>
        </>
      )}
    </Stack>
  );
}

function Indicators({
  rows,
  metrics,
  edit,
}: {
  rows: Row[];
  metrics: Metric[];
  edit: (rows: Row[]) => void;
}) {
  const set = (at: number, fields: Partial<Row>) =>
    edit(rows.map((row, i) => (i === at ? { ...row, ...fields } : row)));
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table verticalSpacing={4} horizontalSpacing={4} aria-label="Indicators">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>On</Table.Th>
            <Table.Th>Indicator</Table.Th>
            <Table.Th>Min</Table.Th>
            <Table.Th>Max</Table.Th>
            <Table.Th>Weight</Table.Th>
            <Table.Th aria-label="Remove" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row, at) => (
            <Table.Tr key={at}>
              <Table.Td>
                <Switch
                  size="xs"
                  aria-label={`Indicator ${at + 1} counts`}
                  checked={row.on}
                  onChange={(event) => set(at, { on: event.currentTarget.checked })}
                />
              </Table.Td>
              <Table.Td>
                <Select
                  size="xs"
                  aria-label={`Indicator ${at + 1}`}
                  data={metrics.map(({ name }) => name)}
                  value={row.name}
                  allowDeselect={false}
                  searchable
                  onChange={(name) => name && set(at, { name })}
                />
                <Text size="xs" c="dimmed" lineClamp={2}>
                  {metrics.find(({ name }) => name === row.name)?.meaning}
                </Text>
              </Table.Td>
              {(['min', 'max', 'weight'] as const).map((field) => (
                <Table.Td key={field} w={86} style={{ verticalAlign: 'top' }}>
                  <NumberInput
                    size="xs"
                    hideControls
                    aria-label={`${field} of indicator ${at + 1}`}
                    value={row[field]}
                    onChange={(value) => typeof value === 'number' && set(at, { [field]: value })}
                  />
                </Table.Td>
              ))}
              <Table.Td style={{ verticalAlign: 'top' }}>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Remove indicator ${at + 1}`}
                  onClick={() => edit(rows.filter((_, i) => i !== at))}
                >
                  <IconTrash size={15} />
                </ActionIcon>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
