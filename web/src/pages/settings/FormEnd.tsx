import { Alert, Button, Group } from '@mantine/core';
import type { ReactNode } from 'react';

interface FormEndProps {
  /** What is wrong beside what stands at the fields. */
  rest: readonly string[];
  saving: boolean;
  /** The word on the button that saves. */
  save: string;
  close: () => void;
  /** What else can be done, on the left. */
  children?: ReactNode;
}

/** The end of a form: what is wrong with the whole, and its buttons. */
export function FormEnd({ rest, saving, save, close, children }: FormEndProps) {
  return (
    <>
      <Rest lines={rest} />
      <Group justify="space-between" mt="lg">
        {children ?? <span />}
        <Group gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={saving}>
            {save}
          </Button>
        </Group>
      </Group>
    </>
  );
}

/** Says what is wrong with the whole of a form; nothing where nothing is. */
export function Rest({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <Alert color="red" mt="md" title="It could not be saved">
      {lines.map((line) => (
        <div key={line}>{line}</div>
      ))}
    </Alert>
  );
}
