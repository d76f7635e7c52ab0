import {
  ActionIcon,
  Alert,
  Button,
  Code,
  CopyButton,
  Group,
  Loader,
  Stack,
  Text,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { Dialog } from '../../components/Dialog';
import { Instant } from '../../components/instants';
import { StateBadge } from '../../components/StateBadge';
import { useAction } from '../../components/useAction';
import { createJoinToken, servers } from '../../data/servers';
import type { JoinToken, Server } from '../../data/servers';

/** Gives one line to run on a host, and shows the server as it appears. */
export function AddServer({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Dialog opened={opened} onClose={close} size="xl" title="Add a server">
      {opened && <Steps close={close} />}
    </Dialog>
  );
}

function Steps({ close }: { close: () => void }) {
  const fleet = useQuery(servers).data;
  // Those that were there when the fleet was first known are not new.
  const [known, setKnown] = useState<ReadonlySet<string> | null>(null);
  if (known === null && fleet) setKnown(new Set(fleet.map(({ name }) => name)));
  const [name, setName] = useState('');
  const making = useAction(createJoinToken, { failure: 'A line could not be made' });
  const joined = fleet?.filter((server) => known?.has(server.name) === false) ?? [];
  return (
    <Stack>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          making.mutate(name.trim());
        }}
      >
        <Group align="flex-end" gap="sm">
          <TextInput
            flex={1}
            label="Name of the server"
            description="May stay empty: the host’s own name is taken then."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
          />
          <Button type="submit" variant={making.data ? 'default' : 'filled'} loading={making.isPending}>
            {making.data ? 'Another line' : 'Make the line'}
          </Button>
        </Group>
      </form>
      {making.data && <TheLine token={making.data} />}
      {making.data && joined.length === 0 && (
        <Group gap="sm">
          <Loader size="xs" aria-hidden />
          <Text size="sm" c="dimmed" role="status">
            Waiting for it to appear.
          </Text>
        </Group>
      )}
      {joined.map((server) => (
        <Appeared key={server.name} server={server} />
      ))}
      {joined.length > 0 && (
        <Group justify="flex-end">
          <Button onClick={close}>Done</Button>
        </Group>
      )}
    </Stack>
  );
}

function TheLine({ token }: { token: JoinToken }) {
  return (
    <div>
      <Text size="sm" mb={4}>
        Run this on the host. The token in it can be used once, until <Instant at={token.expiresAt} />; it is
        not shown again. The agent ends with that shell; as a service it runs on.
      </Text>
      <Group wrap="nowrap" gap="xs" align="flex-start">
        <Code
          block
          flex={1}
          style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
          aria-label="The line to run"
        >
          {token.command}
        </Code>
        <CopyButton value={token.command}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? 'Copied' : 'Copy'}>
              <ActionIcon variant="default" size="lg" onClick={copy} aria-label="Copy the line">
                {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
      </Group>
    </div>
  );
}

function Appeared({ server }: { server: Server }) {
  return (
    <Alert color="teal" icon={<IconCheck />} role="status">
      <Group gap="xs">
        {server.name} has joined <StateBadge state={server.state} />
        {server.state === 'never_seen' && <Text size="sm">Its agent is about to connect.</Text>}
      </Group>
    </Alert>
  );
}
