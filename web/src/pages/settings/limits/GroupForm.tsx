import { NumberInput, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';

import { done } from '../../../components/notices';
import { useAction } from '../../../components/useAction';
import { createGroup, deleteGroup, editGroup, emptyGroup } from '../../../data/limits';
import type { ConcurrencyGroup, ConcurrencyGroupDraft } from '../../../data/limits';
import { DeleteButton } from '../DeleteButton';
import { faultsOf } from '../faults';
import { FormEnd } from '../FormEnd';

const changes = [['concurrency-groups']];

/** Creates, edits and deletes a concurrency group. */
export function GroupForm({ group, close }: { group: ConcurrencyGroup | null; close: () => void }) {
  // As it was when one began: what others change meanwhile is not overwritten.
  const [before] = useState(group);
  const [draft, setDraft] = useState<ConcurrencyGroupDraft>(group ?? emptyGroup);
  const change = (fields: Partial<ConcurrencyGroupDraft>) => setDraft((old) => ({ ...old, ...fields }));
  const saving = useAction(() => (before ? editGroup(before, draft) : createGroup(draft)), {
    failure: 'The concurrency group could not be saved',
    changes,
    onDone: ({ name }) => {
      done(before ? `${name} is saved` : `${name} is there; tasks can name it`);
      close();
    },
  });
  const deleting = useAction(deleteGroup, {
    failure: (name) => `${name} could not be deleted`,
    changes,
    onDone: (_, name) => {
      done(`${name} is deleted`, () => createGroup(before ?? draft));
      close();
    },
  });
  const faults = faultsOf(saving.error, ['name', 'description', 'max_concurrent']);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate(undefined);
      }}
    >
      <Stack gap="sm">
        {!before && (
          <TextInput
            label="Name"
            description="1 to 63 of a-z 0-9 - _ ."
            value={draft.name}
            error={faults.at('name')}
            onChange={(event) => change({ name: event.currentTarget.value })}
            required
            data-autofocus
          />
        )}
        <TextInput
          label="What its tasks have in common"
          placeholder="the orders database"
          value={draft.description}
          error={faults.at('description')}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
        <NumberInput
          label="Runs active at once"
          description="Of all its tasks together. Lowering it stops nothing."
          min={1}
          max={10_000}
          value={draft.maxConcurrent}
          error={faults.at('max_concurrent')}
          onChange={(value) => change({ maxConcurrent: Number(value) })}
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
