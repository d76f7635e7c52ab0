import { Button, Group, NumberInput, SimpleGrid, Stack, TagsInput, TextInput } from '@mantine/core';
import { useState } from 'react';

import { Dialog } from '../../components/Dialog';
import { done } from '../../components/notices';
import { useAction } from '../../components/useAction';
import { ApiError } from '../../data/api';
import { editServer } from '../../data/servers';
import type { Server } from '../../data/servers';

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
  // The settings as they were when one began: what others change meanwhile is not overwritten.
  const [before] = useState(server);
  const [description, setDescription] = useState(server.description);
  const [labels, setLabels] = useState(() => labelWords(server.labels));
  const [slots, setSlots] = useState(server.slots);
  const [power, setPower] = useState(server.power);
  const saving = useAction(
    () => editServer(before, { description, labels: labelsOf(labels), slots, power }),
    {
      failure: `${server.name} could not be saved`,
      changes: [['servers'], ['server', server.name]],
      onDone: () => {
        done(`${server.name} is saved`);
        close();
      },
    },
  );
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
          onChange={(event) => setDescription(event.currentTarget.value)}
          data-autofocus
        />
        <TagsInput
          label="Labels"
          description="key=value, which tasks can require"
          value={labels}
          error={wrong('labels')}
          onChange={setLabels}
        />
        <SimpleGrid cols={2}>
          <NumberInput
            label="Slots"
            description="How many runs fit"
            min={1}
            max={10_000}
            value={slots}
            error={wrong('slots')}
            onChange={(value) => setSlots(Number(value))}
          />
          <NumberInput
            label="Power"
            description="1 is ordinary, 2 twice as fast"
            min={0.01}
            step={0.1}
            value={power}
            error={wrong('power')}
            onChange={(value) => setPower(Number(value))}
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
