import { NumberInput, TextInput } from '@mantine/core';

import { createGroup, deleteGroup, editGroup, emptyGroup } from '../../../data/limits';
import type { ConcurrencyGroup, ConcurrencyGroupDraft } from '../../../data/limits';
import { DraftForm } from '../DraftForm';
import type { Kind } from '../DraftForm';

export const word = 'concurrency group';

const kind: Kind<ConcurrencyGroupDraft, ConcurrencyGroup> = {
  word,
  empty: emptyGroup,
  create: createGroup,
  edit: editGroup,
  remove: deleteGroup,
  undoable: true,
  changes: [['concurrency-groups']],
  made: (name) => `${name} is there; tasks can name it`,
  shown: () => ['description', 'max_concurrent'],
};

/** Creates, edits and deletes a concurrency group. */
export function GroupForm({ group, close }: { group: ConcurrencyGroup | null; close: () => void }) {
  return (
    <DraftForm kind={kind} stored={group} close={close}>
      {({ draft, change, wrong }) => (
        <>
          <TextInput
            label="What its tasks have in common"
            placeholder="the orders database"
            value={draft.description}
            error={wrong('description')}
            onChange={(event) => change({ description: event.currentTarget.value })}
          />
          <NumberInput
            label="Runs active at once"
            description="Of all its tasks together. Lowering it stops nothing."
            min={1}
            max={10_000}
            value={draft.maxConcurrent}
            error={wrong('max_concurrent')}
            onChange={(value) => change({ maxConcurrent: Number(value) })}
          />
        </>
      )}
    </DraftForm>
  );
}
