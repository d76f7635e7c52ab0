import {
  Alert,
  Button,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  TextInput,
} from '@mantine/core';
import { useState } from 'react';

import { SideDialog } from '../../components/Dialog';
import { useDraft } from '../../components/document/useDraft';
import { done } from '../../components/notices';
import { useAction } from '../../components/useAction';
import { ApiError } from '../../data/api';
import { useMay } from '../../data/permissions';
import {
  createVirtualServer,
  deleteVirtualServer,
  editVirtualServer,
  emptyDraft,
  selections,
} from '../../data/virtualServers';
import type { Draft, OnUnavailable, Selection, VirtualServer } from '../../data/virtualServers';
import { RatingEditor } from './RatingEditor';
import { RatingPreview } from './RatingPreview';

export const word = 'virtual server';

interface GroupEditorProps {
  /** The group to edit; null for a new one, undefined for none. */
  group: VirtualServer | null | undefined;
  close: () => void;
}

/** Creates, edits and deletes a virtual server, and shows meanwhile how its members would be ranked. */
export function GroupEditor({ group, close }: GroupEditorProps) {
  return (
    <SideDialog
      opened={group !== undefined}
      onClose={close}
      position="right"
      size="min(980px, 100vw)"
      title={group ? `Virtual server ${group.name}` : 'New virtual server'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {group !== undefined && <Editor key={group?.name ?? ''} group={group} close={close} />}
    </SideDialog>
  );
}

const meanings: Record<Selection, string> = {
  'best-rated': 'the highest rating',
  'least-running': 'the fewest slots taken per slot',
  'round-robin': 'each in turn',
  priority: 'the first eligible in order',
  weighted: 'by chance, in proportion to weights',
  random: 'by chance',
};

const policies = ['wait', 'reset', 'restart', 'recover'] as const;

/** Whether a policy is one that the editor can show: one word, or none. */
function isWord(policy: OnUnavailable | null): policy is (typeof policies)[number] | null {
  return policy === null || typeof policy === 'string';
}

function Editor({ group: stored, close }: { group: VirtualServer | null; close: () => void }) {
  const may = useMay();
  const {
    before: group,
    draft,
    setDraft,
  } = useDraft<VirtualServer, Draft>(word, { stored, empty: emptyDraft });
  const change = (fields: Partial<Draft>) => setDraft((before) => ({ ...before, ...fields }));
  const saving = useAction(
    (wanted: Draft) => (group ? editVirtualServer(group, wanted) : createVirtualServer(wanted)),
    {
      failure: `${draft.name} could not be saved`,
      changes: [['virtual-servers'], ['rating']],
      onDone: ({ name }) => {
        done(group ? `${name} is saved` : `${name} is there; drag servers onto it`);
        close();
      },
    },
  );
  const wrong = (field: string) =>
    saving.error instanceof ApiError ? saving.error.fields.find((f) => f.field === field)?.reason : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate(draft);
      }}
    >
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
        <Stack gap="sm">
          {!group && (
            <TextInput
              label="Name"
              description="1 to 63 of a-z 0-9 - _ ."
              value={draft.name}
              error={wrong('name')}
              onChange={(event) => change({ name: event.currentTarget.value })}
              required
              data-autofocus
            />
          )}
          <TextInput
            label="What it is for"
            value={draft.description}
            error={wrong('description')}
            onChange={(event) => change({ description: event.currentTarget.value })}
          />
          <Switch
            label="It takes new runs"
            checked={draft.active}
            onChange={(event) => change({ active: event.currentTarget.checked })}
          />
          <Select
            label="Selection"
            description={`Of the eligible members it takes ${meanings[draft.selection]}.`}
            data={[...selections]}
            value={draft.selection}
            allowDeselect={false}
            onChange={(value) =>
              change({ selection: selections.find((s) => s === value) ?? draft.selection })
            }
          />
          {draft.selection === 'weighted' && <Weights draft={draft} change={change} />}
          <Select
            label="When a member is unavailable"
            description="For tasks that say nothing of their own."
            data={[...policies]}
            placeholder={isWord(draft.onUnavailable) ? 'wait' : 'a ladder of several steps'}
            value={isWord(draft.onUnavailable) ? draft.onUnavailable : null}
            clearable
            onChange={(value) =>
              change({
                onUnavailable: policies.find((p) => p === value) ?? null,
                leaveRunning: draft.leaveRunning && value === 'reset',
              })
            }
          />
          {(draft.onUnavailable === 'reset' || draft.leaveRunning) && (
            <Switch
              label="Leave the cut-off job running"
              description="A run that is started anew may then overlap with it."
              checked={draft.leaveRunning}
              onChange={(event) => change({ leaveRunning: event.currentTarget.checked })}
            />
          )}
          <RatingEditor rating={draft.rating} change={(rating) => change({ rating })} />
          <NumberInput
            label="Points for a member that holds the job’s archive"
            min={0}
            max={100}
            value={draft.preferArchive}
            onChange={(value) => change({ preferArchive: Number(value) || 0 })}
          />
        </Stack>
        <Stack gap="sm">
          <RatingPreview group={group} draft={draft} />
        </Stack>
      </SimpleGrid>
      {saving.isError && (
        <Alert color="red" mt="md" title="It could not be saved">
          {saving.error.message}
        </Alert>
      )}
      <Group justify="space-between" mt="lg">
        {group && may('virtual-server.delete') ? <Delete group={group} close={close} /> : <span />}
        <Group gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={saving.isPending}>
            {group ? 'Save' : 'Create'}
          </Button>
        </Group>
      </Group>
    </form>
  );
}

function Weights({ draft, change }: { draft: Draft; change: (fields: Partial<Draft>) => void }) {
  if (draft.members.length === 0)
    return <Text size="sm">Weights are given to members, of which it has none yet.</Text>;
  return (
    <SimpleGrid cols={2} spacing="xs">
      {draft.members.map((member) => (
        <NumberInput
          key={member}
          size="xs"
          label={`Weight of ${member}`}
          min={0.001}
          step={0.5}
          value={draft.weights[member] ?? 1}
          onChange={(value) => change({ weights: { ...draft.weights, [member]: Number(value) || 1 } })}
        />
      ))}
    </SimpleGrid>
  );
}

function Delete({ group, close }: { group: VirtualServer; close: () => void }) {
  const [sure, setSure] = useState(false);
  const deleting = useAction(deleteVirtualServer, {
    failure: `${group.name} could not be deleted`,
    changes: [['virtual-servers'], ['servers']],
    onDone: () => {
      done(`${group.name} is deleted`, () => createVirtualServer(group));
      close();
    },
  });
  return (
    <Button
      variant={sure ? 'filled' : 'subtle'}
      color="red"
      loading={deleting.isPending}
      onBlur={() => setSure(false)}
      onClick={() => (sure ? deleting.mutate(group.name) : setSure(true))}
    >
      {sure ? `Delete ${group.name} for good` : 'Delete…'}
    </Button>
  );
}
