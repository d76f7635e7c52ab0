import { Button, Group, Switch, Table, Text } from '@mantine/core';
import { IconMail, IconSend, IconWebhook } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { done, failed } from '../../../components/notices';
import { useAction } from '../../../components/useAction';
import { channels, setPaused, testChannel } from '../../../data/channels';
import type { Channel } from '../../../data/channels';
import { useMay } from '../../../data/permissions';
import { Collection } from '../Collection';
import { ChannelForm } from './ChannelForm';

/** The ways to tell someone, each of which can be tested and paused. */
export function Channels() {
  return (
    <Collection
      query={useQuery(channels)}
      word="channel"
      nothing="There is no channel yet, so nobody is told of anything. A channel is a mailbox, a chat or any address that takes a webhook."
      columns={['Name', 'Goes to', 'Sends']}
      row={(channel, edit) => <Row channel={channel} edit={edit} />}
      form={(channel, close) => <ChannelForm channel={channel} close={close} />}
    />
  );
}

function Row({ channel, edit }: { channel: Channel; edit: () => void }) {
  const may = useMay();
  const { name, kind, address, paused } = channel;
  const Icon = kind === 'email' ? IconMail : IconWebhook;
  const pausing = useAction((wanted: boolean) => setPaused(name, wanted), {
    failure: `${name} stays as it is`,
    changes: [['channels'], ['deliveries']],
  });
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {name}
        </Text>
        <Text size="xs" c="dimmed" lineClamp={2}>
          {channel.description}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <Icon size={15} stroke={1.7} role="img" aria-label={kind === 'email' ? 'E-mail' : 'Webhook'} />
          <Text size="sm">{address}</Text>
        </Group>
        {kind === 'email' && (
          <Text size="xs" c="dimmed" lineClamp={2}>
            {channel.to.join(', ')}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Switch
          size="sm"
          label={paused ? 'paused' : 'sends'}
          aria-label={`${name} sends`}
          checked={!paused}
          disabled={!may('settings.edit') || pausing.isPending}
          onChange={(event) => pausing.mutate(!event.currentTarget.checked)}
        />
      </Table.Td>
      <Table.Td ta="right">
        {may('settings.edit') && (
          <Group gap={4} wrap="nowrap" justify="flex-end">
            <TestButton name={name} />
            <Button size="compact-sm" variant="subtle" aria-label={`Edit ${name}`} onClick={edit}>
              Edit
            </Button>
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function TestButton({ name }: { name: string }) {
  const testing = useAction(() => testChannel(name), {
    failure: `${name} could not be tested`,
    onDone: ({ delivered, error, took }) => {
      if (delivered) done(`${name} has taken the test, in ${took}`);
      else failed(`${name} has not taken the test`, error);
    },
  });
  return (
    <Button
      size="compact-sm"
      variant="subtle"
      leftSection={<IconSend size={14} aria-hidden />}
      loading={testing.isPending}
      aria-label={`Send a test to ${name}`}
      onClick={() => testing.mutate(undefined)}
    >
      Test
    </Button>
  );
}
