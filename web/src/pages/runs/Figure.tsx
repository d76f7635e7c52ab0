import { Text } from '@mantine/core';

/** A figure below its name. */
export function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text size="sm" className="number">
        {value}
      </Text>
    </div>
  );
}
