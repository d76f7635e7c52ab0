import { NumberInput, SegmentedControl, SimpleGrid, Switch, TextInput } from '@mantine/core';

import {
  createChannel,
  deleteChannel,
  editChannel,
  emptyChannel,
  withoutTyped,
} from '../../../data/channels';
import type { Channel, ChannelDraft } from '../../../data/channels';
import { DraftForm } from '../DraftForm';
import type { Kind } from '../DraftForm';
import { EmailFields } from './EmailFields';
import { WebhookFields } from './WebhookFields';

const common = ['description', 'paused', 'max_age', 'max_tries'];
const own = {
  email: ['host', 'port', 'security', 'username', 'password', 'from', 'to'].map((field) => `email.${field}`),
  webhook: ['url', 'format', 'secret', 'headers'].map((field) => `webhook.${field}`),
};

const kind: Kind<ChannelDraft, Channel> = {
  word: 'channel',
  empty: emptyChannel,
  create: createChannel,
  edit: editChannel,
  remove: deleteChannel,
  undoable: false,
  changes: [['channels'], ['deliveries']],
  made: (name) => `${name} is there; send it a test`,
  shown: (draft) => [...common, ...own[draft.kind]],
  safe: withoutTyped,
};

/** Creates, edits and deletes a channel. What is secret is typed anew or stays as it is. */
export function ChannelForm({ channel, close }: { channel: Channel | null; close: () => void }) {
  return (
    <DraftForm kind={kind} stored={channel} close={close}>
      {({ draft, change, wrong, isNew }) => {
        const OwnFields = draft.kind === 'email' ? EmailFields : WebhookFields;
        return (
          <>
            {isNew && (
              <SegmentedControl
                aria-label="Kind of channel"
                value={draft.kind}
                onChange={(value) => change({ kind: value === 'email' ? 'email' : 'webhook' })}
                data={[
                  { value: 'webhook', label: 'Webhook or chat' },
                  { value: 'email', label: 'E-mail' },
                ]}
              />
            )}
            <TextInput
              label="Whom it reaches"
              value={draft.description}
              error={wrong('description')}
              onChange={(event) => change({ description: event.currentTarget.value })}
            />
            <OwnFields draft={draft} change={change} wrong={wrong} />
            <SimpleGrid cols={2}>
              <TextInput
                label="Tried again for"
                description="Such as 90m or 24h"
                value={draft.maxAge}
                error={wrong('max_age')}
                onChange={(event) => change({ maxAge: event.currentTarget.value })}
              />
              <NumberInput
                label="Tries at most"
                description="Then it is dead"
                min={1}
                max={1000}
                value={draft.maxTries}
                error={wrong('max_tries')}
                onChange={(value) => change({ maxTries: Number(value) })}
              />
            </SimpleGrid>
            <Switch
              label="Paused: what is to be told waits"
              checked={draft.paused}
              onChange={(event) => change({ paused: event.currentTarget.checked })}
            />
          </>
        );
      }}
    </DraftForm>
  );
}
