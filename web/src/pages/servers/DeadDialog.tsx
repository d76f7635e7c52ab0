import { Alert, Button, Group, Text, Textarea } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState } from 'react';

import { Dialog } from '../../components/Dialog';
import { done } from '../../components/notices';
import { useAction } from '../../components/useAction';
import { declareDead, leastStatement } from '../../data/servers';
import type { Server } from '../../data/servers';
import { WhatIfTable } from './WhatIfTable';

interface DeadDialogProps {
  server: Server;
  opened: boolean;
  close: () => void;
}

/** Asks how one knows that a server is dead, and shows what becomes of its runs on that word alone. */
export function DeadDialog({ server, opened, close }: DeadDialogProps) {
  return (
    <Dialog opened={opened} onClose={close} size="lg" title={`Declare ${server.name} dead`}>
      <Form server={server} close={close} />
    </Dialog>
  );
}

function Form({ server, close }: Omit<DeadDialogProps, 'opened'>) {
  const [reason, setReason] = useState('');
  const short = reason.trim().length < leastStatement;
  const stating = useAction(() => declareDead(server.name, reason.trim()), {
    failure: `${server.name} was not declared dead`,
    changes: [['servers'], ['server', server.name], ['runs']],
    onDone: () => {
      done(`${server.name} is declared dead`);
      close();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!short) stating.mutate(undefined);
      }}
    >
      <Alert color="red" icon={<IconAlertTriangle />} mb="sm">
        Its runs follow their policies at once, on your word alone. If its jobs are alive after all, two
        attempts of one run may overlap. Be sure that the host is off or cut off from all that its jobs write
        to.
      </Alert>
      <Text size="sm" fw={500} mb={4}>
        What becomes of its runs
      </Text>
      <WhatIfTable server={server.name} />
      <Textarea
        mt="md"
        label="How do you know?"
        description={`At least ${leastStatement} characters; kept in the history of the server and of each run.`}
        value={reason}
        maxLength={1000}
        onChange={(event) => setReason(event.currentTarget.value)}
        data-autofocus
        required
      />
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button type="submit" color="red" disabled={short} loading={stating.isPending}>
          Declare {server.name} dead
        </Button>
      </Group>
    </form>
  );
}
