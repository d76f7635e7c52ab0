import { Button, Group, NumberInput, SimpleGrid, Stack, TagsInput, TextInput } from '@mantine/core';

import { Dialog } from '../../components/Dialog';
import { useDraft } from '../../components/document/useDraft';
import { done } from '../../components/notices';
import { useAction } from '../../components/useAction';
import { ApiError } from '../../data/api';
import { editServer } from '../../data/servers';
import type { Server, ServerSettings } from '../../data/servers';

/** Names the form of a server's settings among those of a page, which may list many servers. */
export const wordOf = (server: Server) => `settings of ${server.name}`;

interface SettingsDialogProps {
  server: Server;
  opened: boolean;
  close: () => void;
}

/** Edits what an operator may change of a server. */
export function SettingsDialog({ server, opened, close }: SettingsDialogProps) {
  return (
    <Dialog opened={opened} onClose={close} title={`Settings of ${server.name}`} size="lg">
      <Form server={server} close={close} />
    </Dialog>
  );
}

/** Reads labels written as "key=value"; a word without "=" is a label with an empty value. */
export function labelsOf(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      return at < 0 ? [word.trim(), ''] : [word.slice(0, at).trim(), word.slice(at + 1).trim()];
    }),
  );
}

export function labelWords(labels: Record<string, string>): string[] {
  return Object.entries(labels).map(([key, value]) => (value === '' ? key : `${key}=${value}`));
}

function Form({ server, close }: Omit<SettingsDialogProps, 'opened'>) {
  const { before, draft, setDraft } = useDraft<Server, ServerSettings>(wordOf(server), {
    stored: server,
    empty: server,
  });
  const { description, labels, slots, power } = draft;
  const change = (fields: Partial<ServerSettings>) => setDraft((old) => ({ ...old, ...fields }));
  const saving = useAction(() => editServer(before ?? server, { description, labels, slots, power }), {
    failure: `${server.name} could not be saved`,
    changes: [['servers'], ['server', server.name]],
    onDone: () => {
      done(`${server.name} is saved`);
      close();
    },
  });
  const wrong = (field: string) =>
    saving.error instanceof ApiError
      ? saving.error.fields.find((f) => f.field.startsWith(field))?.reason
      : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate(undefined);
      }}
    >
      <Stack gap="sm">
        <TextInput
          label="What it is"
          value={description}
          error={wrong('description')}
          onChange={(event) => change({ description: event.currentTarget.value })}
          data-autofocus
        />
        <TagsInput
          label="Labels"
          description="key=value, which tasks can require"
          value={labelWords(labels)}
          error={wrong('labels')}
          onChange={(words) => change({ labels: labelsOf(words) })}
        />
        <SimpleGrid cols={2}>
          <NumberInput
            label="Slots"
            description="How many runs fit"
            min={1}
            max={10_000}
            value={slots}
            error={wrong('slots')}
            onChange={(value) => change({ slots: Number(value) })}
          />
          <NumberInput
            label="Power"
            description="1 is ordinary, 2 twice as fast"
            min={0.01}
            step={0.1}
            value={power}
            error={wrong('power')}
            onChange={(value) => change({ power: Number(value) })}
          />
        </SimpleGrid>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={saving.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
