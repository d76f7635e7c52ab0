import { Button, Group, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';

import { Dialog } from '../Dialog';

/** Asks before one leaves a page with changes that are not saved: by a link, by going back, or by closing the window. */
export function LeaveGuard({ holds, noun }: { holds: () => boolean; noun: string }) {
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: holds,
    enableBeforeUnload: holds,
    withResolver: true,
  });
  return (
    <Dialog opened={status === 'blocked'} onClose={() => reset?.()} title="Leave without saving?">
      <Text size="sm" mb="md">
        What you changed in this {noun} is not saved, and will be lost.
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={() => reset?.()} data-autofocus>
          Stay here
        </Button>
        <Button color="red" onClick={() => proceed?.()}>
          Leave
        </Button>
      </Group>
    </Dialog>
  );
}
