import { Group, Progress, Text } from '@mantine/core';

/** Shows a share as a bar with its label. */
export function Meter({ value, label, title }: { value: number | null; label: string; title: string }) {
  return (
    <Group gap={6} wrap="nowrap" title={title}>
      <Progress value={(value ?? 0) * 100} w={56} size="sm" aria-label={title} />
      <Text size="sm" className="number">
        {label}
      </Text>
    </Group>
  );
}
