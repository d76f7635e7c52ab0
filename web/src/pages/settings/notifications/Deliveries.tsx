import { Anchor, Button, Group, MultiSelect, Select, Stack, Table, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Answer } from '../../../components/Answer';
import { Instant } from '../../../components/instants';
import { done } from '../../../components/notices';
import { StateBadge } from '../../../components/StateBadge';
import { states } from '../../../components/states';
import { useAction } from '../../../components/useAction';
import { useFilter, useFilters } from '../../../components/useFilter';
import { channels as channelsQuery } from '../../../data/channels';
import {
  deliveries,
  mostDeliveries,
  noticeKinds,
  retryDeliveries,
  retryDelivery,
} from '../../../data/notices';
import type { Delivery } from '../../../data/notices';
import { useMay } from '../../../data/permissions';
import { deliveryStates } from '../../../data/states';
import { Nothing } from '../Nothing';
import { eventWords } from './ruleWords';

/** The newest deliveries, with why they wait or are dead. */
export function Deliveries() {
  const [channel, setChannel] = useFilter('channel');
  const [event, setEvent] = useFilter('event');
  const [wanted, setWanted] = useFilters('state');
  const query = useQuery(deliveries({ channel, states: wanted, event }));
  const names = (useQuery(channelsQuery).data ?? []).map(({ name }) => name);
  const filtered = channel !== '' || event !== '' || wanted.length > 0;
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <MultiSelect
          size="xs"
          aria-label="States"
          placeholder={wanted.length === 0 ? 'Any state' : ''}
          data={deliveryStates.map((value) => ({ value, label: states[value].word }))}
          value={wanted}
          onChange={setWanted}
          clearable
          w={wanted.length > 1 ? 240 : 150}
        />
        <Select
          size="xs"
          aria-label="Channel"
          placeholder="Any channel"
          data={channel === '' || names.includes(channel) ? names : [...names, channel]}
          value={channel === '' ? null : channel}
          onChange={(value) => setChannel(value ?? '')}
          clearable
          w={150}
        />
        <Select
          size="xs"
          aria-label="Event"
          placeholder="Any event"
          data={Object.keys(noticeKinds).map((value) => ({ value, label: eventWords(value) }))}
          value={event === '' ? null : event}
          onChange={(value) => setEvent(value ?? '')}
          clearable
          w={170}
        />
      </Group>
      <Answer
        query={query}
        what="The deliveries"
        empty={{
          when: (all) => all.length === 0,
          text: (
            <Nothing>
              {filtered
                ? 'No delivery is so.'
                : 'Nobody was told of anything yet. A delivery appears here as soon as a rule finds something to tell.'}
            </Nothing>
          ),
        }}
      >
        {(all) => (
          <>
            <RetryDead dead={all.filter(({ state }) => state === 'dead')} />
            <Rows deliveries={all} />
            {all.length === mostDeliveries && (
              <Text size="sm" c="dimmed">
                These are the newest {mostDeliveries}; the filters find others.
              </Text>
            )}
          </>
        )}
      </Answer>
    </Stack>
  );
}

/** Tries all dead deliveries again that are on show: whatever was in their way has mostly been in the way of all. */
function RetryDead({ dead }: { dead: Delivery[] }) {
  const may = useMay();
  const retrying = useAction(() => retryDeliveries(dead), {
    failure: 'Not all could be tried again',
    changes: [['deliveries'], ['summary']],
    onDone: (tried) => done(`${tried} are tried again now`),
  });
  if (dead.length < 2 || !may('settings.edit')) return null;
  return (
    <Group justify="flex-end">
      <Button
        size="xs"
        variant="default"
        leftSection={<IconRefresh size={14} aria-hidden />}
        loading={retrying.isPending}
        onClick={() => retrying.mutate(undefined)}
      >
        Retry these {dead.length} dead deliveries
      </Button>
    </Group>
  );
}

function Rows({ deliveries: all }: { deliveries: Delivery[] }) {
  return (
    <div className="panel" style={{ overflowX: 'auto' }}>
      <Table aria-label="Deliveries" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>State</Table.Th>
            <Table.Th>Notice</Table.Th>
            <Table.Th>Channel</Table.Th>
            <Table.Th>Tries</Table.Th>
            <Table.Th>Made</Table.Th>
            <Table.Th>Ended, or next try</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {all.map((delivery, i) => (
            <Row key={delivery.id} delivery={delivery} first={i === 0} />
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Row({ delivery, first }: { delivery: Delivery; first: boolean }) {
  const may = useMay();
  const { id, state, title, run, lastError } = delivery;
  const retrying = useAction(() => retryDelivery(id), {
    failure: 'It could not be tried again',
    changes: [['deliveries'], ['summary']],
    onDone: () => done('It is tried again now'),
  });
  return (
    <Table.Tr>
      <Table.Td>
        <StateBadge state={state} />
      </Table.Td>
      <Table.Td miw={220}>
        <Text size="sm" title={delivery.text}>
          {run ? (
            <Anchor component={Link} to={`/runs/${run}`} size="sm">
              {title}
            </Anchor>
          ) : (
            title
          )}
        </Text>
        <Text size="xs" c="dimmed">
          {eventWords(delivery.event)}
        </Text>
        {lastError !== '' && (
          <Text size="xs" c={state === 'dead' ? 'var(--tone-bad)' : 'dimmed'} lineClamp={3}>
            {lastError}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm">{delivery.channel}</Text>
      </Table.Td>
      <Table.Td className="number">{delivery.tries}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Instant at={delivery.createdAt} row={!first} />
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Instant at={state === 'waiting' ? delivery.nextAt : delivery.endedAt} row={!first} />
      </Table.Td>
      <Table.Td ta="right">
        {state !== 'delivered' && may('settings.edit') && (
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconRefresh size={14} aria-hidden />}
            loading={retrying.isPending}
            aria-label={`Try again: ${title} to ${delivery.channel}`}
            onClick={() => retrying.mutate(undefined)}
          >
            Retry
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
