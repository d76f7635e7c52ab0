import { Button, Group, Text, TextInput } from '@mantine/core';
import { useState } from 'react';

import { Dialog } from '../../components/Dialog';
import { done } from '../../components/notices';
import { useAction } from '../../components/useAction';
import { setMode } from '../../data/servers';
import type { Mode, Server } from '../../data/servers';

const words: Record<Mode, { title: string; meaning: string; button: string; past: string }> = {
  active: {
    title: 'Activate',
    meaning: 'It is given new runs again.',
    button: 'Activate',
    past: 'is active',
  },
  draining: {
    title: 'Drain',
    meaning: 'What runs there goes on to its end. It is given no new runs.',
    button: 'Drain',
    past: 'is draining',
  },
  disabled: {
    title: 'Disable',
    meaning: 'It is given no new runs until it is activated. What runs there goes on.',
    button: 'Disable',
    past: 'is disabled',
  },
};

/** Asks why a server is drained, disabled or activated, and does it. */
export function ModeDialog({
  server,
  mode,
  close,
}: {
  server: Server;
  mode: Mode | null;
  close: () => void;
}) {
  return (
    <Dialog opened={mode !== null} onClose={close} title={mode && `${words[mode].title} ${server.name}`}>
      {mode && <Form server={server} mode={mode} close={close} />}
    </Dialog>
  );
}

function Form({ server, mode, close }: { server: Server; mode: Mode; close: () => void }) {
  const [reason, setReason] = useState('');
  const { meaning, button, past } = words[mode];
  const changing = useAction(() => setMode(server.name, mode, reason.trim()), {
    failure: `${server.name} stays as it is`,
    changes: [['servers'], ['server', server.name]],
    onDone: () => {
      done(`${server.name} ${past}`, () => setMode(server.name, server.mode, server.reason));
      close();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        changing.mutate(undefined);
      }}
    >
      <Text size="sm" mb="sm">
        {meaning}
      </Text>
      <TextInput
        label="Why"
        description="Shown beside the server; may stay empty."
        value={reason}
        maxLength={1000}
        onChange={(event) => setReason(event.currentTarget.value)}
        data-autofocus
      />
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button type="submit" loading={changing.isPending}>
          {button}
        </Button>
      </Group>
    </form>
  );
}
