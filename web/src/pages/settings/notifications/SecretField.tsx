import { Button, Group, PasswordInput, Text } from '@mantine/core';

import type { SecretDraft } from '../../../data/channels';

interface SecretFieldProps {
  label: string;
  description?: string;
  secret: SecretDraft;
  change: (secret: SecretDraft) => void;
  error?: string | undefined;
  /** Whether the channel cannot do without it, so that it can be replaced and not removed. */
  required?: boolean;
}

/** A secret that is never shown again: one that is set stays unless something is typed, or it is removed. */
export function SecretField({
  label,
  description,
  secret,
  change,
  error,
  required = false,
}: SecretFieldProps) {
  const { set, typed, removed, lost = false } = secret;
  const kept = set && !removed && typed === '';
  const words = kept ? 'It is set, and stays unless something is typed here.' : description;
  return (
    <div>
      <PasswordInput
        label={label}
        description={removed && typed === '' ? 'It is removed when you save.' : words}
        placeholder={kept ? 'kept as it is' : ''}
        value={typed}
        error={error ?? (lost && 'It was not kept while you were signed out. Type it again.')}
        required={required && !set}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ 'aria-label': `Show ${label}`, tabIndex: 0 }}
        onChange={(event) => change({ set, removed: false, typed: event.currentTarget.value })}
      />
      {set && !required && typed === '' && (
        <Group gap={6} mt={4}>
          {removed && (
            <Text size="xs" c="dimmed">
              Removed.
            </Text>
          )}
          <Button
            size="compact-xs"
            variant="subtle"
            color={removed ? 'gray' : 'red'}
            aria-label={removed ? `Keep ${label}` : `Remove ${label}`}
            onClick={() => change({ set, typed, removed: !removed })}
          >
            {removed ? 'Keep it' : 'Remove it'}
          </Button>
        </Group>
      )}
    </div>
  );
}
