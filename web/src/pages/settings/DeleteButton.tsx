import { Button } from '@mantine/core';
import { useState } from 'react';

interface DeleteButtonProps {
  /** What is deleted, by its name. */
  name: string;
  deleting: boolean;
  act: () => void;
}

/** Deletes at the second press; leaving the button takes the first one back. */
export function DeleteButton({ name, deleting, act }: DeleteButtonProps) {
  const [sure, setSure] = useState(false);
  return (
    <Button
      variant={sure ? 'filled' : 'subtle'}
      color="red"
      loading={deleting}
      onBlur={() => setSure(false)}
      onClick={() => (sure ? act() : setSure(true))}
    >
      {sure ? `Delete ${name} for good` : 'Delete…'}
    </Button>
  );
}
