import { NumberInput, Select, SimpleGrid, TagsInput, TextInput } from '@mantine/core';

import { securities } from '../../../data/channels';
import type { FieldProps } from './fieldProps';
import { SecretField } from './SecretField';

const usualPort = { starttls: 587, tls: 465, none: 25 };

/** The fields of a channel to mailboxes. */
export function EmailFields({ draft, change, wrong }: FieldProps) {
  return (
    <>
      <TextInput
        label="SMTP server"
        placeholder="smtp.example.com"
        value={draft.host}
        error={wrong('email.host')}
        onChange={(event) => change({ host: event.currentTarget.value })}
        required
      />
      <SimpleGrid cols={2}>
        <Select
          label="Security"
          data={[
            { value: 'starttls', label: 'STARTTLS' },
            { value: 'tls', label: 'TLS from the first byte' },
            { value: 'none', label: 'none' },
          ]}
          value={draft.security}
          allowDeselect={false}
          error={wrong('email.security')}
          onChange={(value) => change({ security: securities.find((s) => s === value) ?? 'starttls' })}
        />
        <NumberInput
          label="Port"
          placeholder={String(usualPort[draft.security])}
          min={1}
          max={65_535}
          value={draft.port ?? ''}
          error={wrong('email.port')}
          onChange={(value) => change({ port: value === '' ? null : Number(value) })}
        />
      </SimpleGrid>
      <TextInput
        label="User name"
        description="Without it there is no login."
        value={draft.username}
        autoComplete="off"
        error={wrong('email.username')}
        onChange={(event) => change({ username: event.currentTarget.value })}
      />
      <SecretField
        label="Password"
        secret={draft.password}
        error={wrong('email.password')}
        change={(password) => change({ password })}
      />
      <TextInput
        label="From"
        placeholder="Segno <segno@example.com>"
        value={draft.from}
        error={wrong('email.from')}
        onChange={(event) => change({ from: event.currentTarget.value })}
        required
      />
      <TagsInput
        label="To"
        description="Enter or a comma ends an address."
        placeholder={draft.to.length === 0 ? 'ops@example.com' : ''}
        value={draft.to}
        error={wrong('email.to')}
        acceptValueOnBlur
        onChange={(to) => change({ to })}
        required
      />
    </>
  );
}
