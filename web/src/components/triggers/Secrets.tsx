import { Alert, Button, Checkbox, CopyButton, Group, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { ApiError } from '../../data/api';
import { makeSecrets, webhookOf } from '../../data/triggers';
import type { Owner, Secrets as Made, Trigger, Webhook } from '../../data/triggers';
import { Answer } from '../Answer';
import { Dialog } from '../Dialog';
import { Instant } from '../instants';
import { useAction } from '../useAction';
import classes from './Triggers.module.css';

interface Props {
  owner: Owner;
  trigger: Trigger;
  close: () => void;
}

/** The address of a webhook and the key of its signature: made here, and shown this one time. */
export function Secrets({ owner, trigger, close }: Props) {
  const query = useQuery(webhookOf(owner, trigger.name));
  const [made, setMade] = useState<Made | null>(null);
  return (
    <Dialog opened onClose={close} title={`How ${trigger.name} is called`} size="lg">
      {made ? (
        <Shown made={made} signature={trigger.spec.webhook?.signature ?? 'none'} close={close} />
      ) : (
        <Answer query={query} what="The webhook">
          {(webhook) => (
            <Make owner={owner} trigger={trigger} webhook={webhook} onMade={setMade} close={close} />
          )}
        </Answer>
      )}
    </Dialog>
  );
}

function Make({
  owner,
  trigger,
  webhook,
  onMade,
  close,
}: Props & { webhook: Webhook; onMade: (made: Made) => void }) {
  const signed = (trigger.spec.webhook?.signature ?? 'none') !== 'none';
  const first = webhook.madeAt === null;
  const [address, setAddress] = useState(first);
  const [key, setKey] = useState(signed && !webhook.signed);
  const [signingKey, setSigningKey] = useState('');
  const make = useAction(() => makeSecrets(owner, trigger.name, { address, key, signingKey }), {
    failure: null,
    changes: [['triggers', owner.kind, owner.name]],
    onDone: onMade,
  });
  const fields = make.error instanceof ApiError ? make.error.fields : [];
  const wrong = fields.find(({ field }) => field === 'signing_key')?.reason;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate(undefined);
      }}
    >
      <Stack gap="sm">
        {first ? (
          <Text size="sm">It has no address yet. Nobody can call it until one is made.</Text>
        ) : (
          <Text size="sm">
            Its address was made at <Instant at={webhook.madeAt} />. It is kept as a digest, so that nobody
            can read it again; one that is lost is made anew, and the old one is good for nothing from then
            on.
          </Text>
        )}
        {webhook.refused > 0 && (
          <Text size="sm" c="var(--tone-warn)">
            {webhook.refused === 1 ? 'One request' : `${webhook.refused} requests`} had a wrong signature, the
            last at <Instant at={webhook.refusedAt} />.
          </Text>
        )}
        {!first && (
          <Checkbox
            label="Make a new address"
            checked={address}
            onChange={(event) => setAddress(event.currentTarget.checked)}
          />
        )}
        {signed && webhook.signed && (
          <Checkbox
            label="Make a new key of the signature"
            checked={key}
            onChange={(event) => setKey(event.currentTarget.checked)}
          />
        )}
        {signed && key && (
          <TextInput
            label="Key of the signature"
            description="of at least 16 characters, such as one that the sender has made; empty: a random one is made"
            autoComplete="off"
            spellCheck={false}
            value={signingKey}
            error={wrong}
            onChange={(event) => setSigningKey(event.currentTarget.value)}
          />
        )}
        {make.error && wrong === undefined && (
          <Alert color="red" title="It was refused">
            {make.error.message}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {first ? 'Later' : 'Do nothing'}
          </Button>
          <Button type="submit" loading={make.isPending} disabled={!address && !key}>
            {first ? 'Make the address' : 'Make it anew'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Shown({ made, signature, close }: { made: Made; signature: string; close: () => void }) {
  return (
    <Stack gap="sm">
      <Alert color="yellow" title="They are shown this one time">
        Copy them now to where the calls come from. Whoever knows them can start runs.
      </Alert>
      {made.address !== '' && <Secret label="Address, for requests by POST" value={made.address} />}
      {made.signingKey !== '' && <Secret label="Key of the signature" value={made.signingKey} />}
      <Text size="sm" c="dimmed">
        {signature === 'none'
          ? 'Requests need no signature.'
          : signature === 'github'
            ? 'Requests are signed in X-Hub-Signature-256, as GitHub does with its “Secret”.'
            : 'Requests are signed as Standard Webhooks has it, in webhook-id, webhook-timestamp and webhook-signature.'}
      </Text>
      <Group justify="flex-end">
        <Button onClick={close}>I have them</Button>
      </Group>
    </Stack>
  );
}

function Secret({ label, value }: { label: string; value: string }) {
  return (
    <div role="group" aria-label={label}>
      <Text size="sm" fw={500} mb={4}>
        {label}
      </Text>
      <div className={classes.secret}>
        <code>{value}</code>
        <CopyButton value={value}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </div>
    </div>
  );
}
