import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAlertCircle, IconCheck } from '@tabler/icons-react';

import { messageOf } from '../data/api';

/** How long a notice with Undo stays. */
const undoMs = 10_000;
let count = 0;

/** Says that something was done and, where it can be taken back, offers that for ten seconds. */
export function done(message: string, undo?: () => Promise<unknown>): void {
  const id = `notice-${++count}`;
  const takeBack = () => {
    notifications.hide(id);
    undo?.().catch((error: unknown) => failed('It could not be undone', error));
  };
  notifications.show({
    closeButtonProps: { 'aria-label': 'Dismiss' },
    id,
    icon: <IconCheck size={16} aria-hidden />,
    color: 'teal',
    autoClose: undo ? undoMs : 4_000,
    message: (
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Text size="sm">{message}</Text>
        {undo && (
          <Button size="compact-sm" variant="light" onClick={takeBack}>
            Undo
          </Button>
        )}
      </Group>
    ),
  });
}

/** Says that something could not be done, and why. */
export function failed(what: string, error: unknown): void {
  notifications.show({
    closeButtonProps: { 'aria-label': 'Dismiss' },
    icon: <IconAlertCircle size={16} aria-hidden />,
    color: 'red',
    autoClose: 12_000,
    title: what,
    message: messageOf(error),
  });
}
