import { ActionIcon, Button, Fieldset, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';

import { formats } from '../../../data/channels';
import type { HeaderDraft } from '../../../data/channels';
import type { FieldProps } from './fieldProps';
import { SecretField } from './SecretField';

/** The fields of a channel to an HTTP server. */
export function WebhookFields({ draft, change, wrong }: FieldProps) {
  return (
    <>
      <SecretField
        label="Address"
        description="http or https. It is never shown again: it may hold a key."
        secret={draft.url}
        error={wrong('webhook.url')}
        change={(url) => change({ url })}
        required
      />
      <Select
        label="Format"
        data={[
          { value: 'segno', label: 'the whole notice as JSON' },
          { value: 'slack', label: 'its text, as Slack, Mattermost and others take it' },
        ]}
        value={draft.format}
        allowDeselect={false}
        error={wrong('webhook.format')}
        onChange={(value) => change({ format: formats.find((f) => f === value) ?? 'segno' })}
      />
      <SecretField
        label="Key of the signature"
        description="16 to 256 characters; without one there is no signature."
        secret={draft.secret}
        error={wrong('webhook.secret')}
        change={(secret) => change({ secret })}
      />
      <Headers draft={draft} change={change} wrong={wrong} />
    </>
  );
}

function Headers({ draft, change, wrong }: FieldProps) {
  const { headers } = draft;
  const put = (key: number, fields: Partial<HeaderDraft>) =>
    change({ headers: headers.map((header) => (header.key === key ? { ...header, ...fields } : header)) });
  const add = () => {
    const key = Math.max(-1, ...headers.map((header) => header.key)) + 1;
    change({ headers: [...headers, { key, name: '', value: { set: false, typed: '', removed: false } }] });
  };
  return (
    <Fieldset legend="Further headers">
      <Stack gap="sm">
        {headers.length === 0 && (
          <Text size="sm" c="dimmed">
            None. Some receivers want one such as Authorization.
          </Text>
        )}
        {headers.map((header) => (
          <Group key={header.key} align="flex-start" wrap="nowrap" gap="xs">
            <div style={{ flex: 1 }}>
              {header.value.set ? (
                <Text size="sm" fw={500} pt={2}>
                  {header.name}
                </Text>
              ) : (
                <TextInput
                  label="Header"
                  placeholder="Authorization"
                  value={header.name}
                  onChange={(event) => put(header.key, { name: event.currentTarget.value })}
                />
              )}
            </div>
            <div style={{ flex: 2 }}>
              <SecretField
                label={header.name === '' ? 'Value' : `Value of ${header.name}`}
                secret={header.value}
                error={wrong(`webhook.headers.${header.name}`)}
                change={(value) => put(header.key, { value })}
                required
              />
            </div>
            <ActionIcon
              variant="subtle"
              color="red"
              mt={24}
              aria-label={`Remove the header ${header.name}`}
              onClick={() => change({ headers: headers.filter(({ key }) => key !== header.key) })}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        ))}
        {wrong('webhook.headers') && headers.length === 0 && (
          <Text size="xs" c="var(--tone-bad)">
            {wrong('webhook.headers')}
          </Text>
        )}
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={add}
          style={{ alignSelf: 'flex-start' }}
        >
          Add a header
        </Button>
      </Stack>
    </Fieldset>
  );
}
