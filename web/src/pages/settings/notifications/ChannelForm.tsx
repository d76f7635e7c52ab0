import { NumberInput, SegmentedControl, SimpleGrid, Stack, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';

import { done } from '../../../components/notices';
import { useAction } from '../../../components/useAction';
import { createChannel, deleteChannel, editChannel, emptyChannel } from '../../../data/channels';
import type { Channel, ChannelDraft } from '../../../data/channels';
import { DeleteButton } from '../DeleteButton';
import { faultsOf } from '../faults';
import { FormEnd } from '../FormEnd';
import { EmailFields } from './EmailFields';
import { WebhookFields } from './WebhookFields';

const changes = [['channels'], ['deliveries']];
const common = ['name', 'description', 'paused', 'max_age', 'max_tries'];
const shown = {
  email: ['host', 'port', 'security', 'username', 'password', 'from', 'to'].map((field) => `email.${field}`),
  webhook: ['url', 'format', 'secret', 'headers'].map((field) => `webhook.${field}`),
};

/** Creates, edits and deletes a channel. What is secret is typed anew or stays as it is. */
export function ChannelForm({ channel, close }: { channel: Channel | null; close: () => void }) {
  // As it was when one began: what others change meanwhile is not overwritten.
  const [before] = useState(channel);
  const [draft, setDraft] = useState<ChannelDraft>(channel ?? emptyChannel);
  const change = (fields: Partial<ChannelDraft>) => setDraft((old) => ({ ...old, ...fields }));
  const saving = useAction(() => (before ? editChannel(before, draft) : createChannel(draft)), {
    failure: 'The channel could not be saved',
    changes,
    onDone: ({ name }) => {
      done(before ? `${name} is saved` : `${name} is there; send it a test`);
      close();
    },
  });
  const deleting = useAction(deleteChannel, {
    failure: (name) => `${name} could not be deleted`,
    changes,
    onDone: (_, name) => {
      done(`${name} is deleted`);
      close();
    },
  });
  const faults = faultsOf(saving.error, [...common, ...shown[draft.kind]]);
  const Fields = draft.kind === 'email' ? EmailFields : WebhookFields;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate(undefined);
      }}
    >
      <Stack gap="sm">
        {!before && (
          <>
            <SegmentedControl
              aria-label="Kind of channel"
              value={draft.kind}
              onChange={(value) => change({ kind: value === 'email' ? 'email' : 'webhook' })}
              data={[
                { value: 'webhook', label: 'Webhook or chat' },
                { value: 'email', label: 'E-mail' },
              ]}
            />
            <TextInput
              label="Name"
              description="1 to 63 of a-z 0-9 - _ ."
              value={draft.name}
              error={faults.at('name')}
              onChange={(event) => change({ name: event.currentTarget.value })}
              required
              data-autofocus
            />
          </>
        )}
        <TextInput
          label="Whom it reaches"
          value={draft.description}
          error={faults.at('description')}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
        <Fields draft={draft} change={change} wrong={faults.at} />
        <SimpleGrid cols={2}>
          <TextInput
            label="Tried again for"
            description="Such as 90m or 24h"
            value={draft.maxAge}
            error={faults.at('max_age')}
            onChange={(event) => change({ maxAge: event.currentTarget.value })}
          />
          <NumberInput
            label="Tries at most"
            description="Then it is dead"
            min={1}
            max={1000}
            value={draft.maxTries}
            error={faults.at('max_tries')}
            onChange={(value) => change({ maxTries: Number(value) })}
          />
        </SimpleGrid>
        <Switch
          label="Paused: what is to be told waits"
          checked={draft.paused}
          onChange={(event) => change({ paused: event.currentTarget.checked })}
        />
      </Stack>
      <FormEnd rest={faults.rest} saving={saving.isPending} save={before ? 'Save' : 'Create'} close={close}>
        {before && (
          <DeleteButton
            name={before.name}
            deleting={deleting.isPending}
            act={() => deleting.mutate(before.name)}
          />
        )}
      </FormEnd>
    </form>
  );
}
