import { Button, Group, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';

import { Dialog } from '../../components/Dialog';
import { done } from '../../components/notices';
import { useAction } from '../../components/useAction';
import { deleteServer } from '../../data/servers';
import type { Server } from '../../data/servers';

/** Asks before a server is removed from the fleet. */
export function RemoveDialog({
  server,
  opened,
  close,
}: {
  server: Server;
  opened: boolean;
  close: () => void;
}) {
  const navigate = useNavigate();
  const removing = useAction(() => deleteServer(server.name), {
    failure: `${server.name} was not removed`,
    changes: [['servers'], ['virtual-servers']],
    onDone: () => {
      done(`${server.name} is removed`);
      close();
      void navigate({ to: '/servers' });
    },
  });
  const groups = server.virtualServers;
  return (
    <Dialog opened={opened} onClose={close} title={`Remove ${server.name} from the fleet`}>
      <Text size="sm" mb="md">
        Its agent’s credential is worth nothing from then on; to come back it has to join again.
        {groups.length > 0 && ` It leaves ${groups.join(', ')}.`}
      </Text>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={close} data-autofocus>
          Cancel
        </Button>
        <Button color="red" loading={removing.isPending} onClick={() => removing.mutate(undefined)}>
          Remove {server.name}
        </Button>
      </Group>
    </Dialog>
  );
}
