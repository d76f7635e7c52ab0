import { Stack, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';

import { useDraft } from '../../components/document/useDraft';
import { done } from '../../components/notices';
import { useAction } from '../../components/useAction';
import { DeleteButton } from './DeleteButton';
import { faultsOf } from './faults';
import { FormEnd } from './FormEnd';

interface Named {
  name: string;
}

/** How things of one kind are made, changed and deleted. D is one as an operator writes it, S one that is stored. */
export interface Kind<D extends Named, S extends D> {
  /** Such as "channel". */
  word: string;
  empty: D;
  create: (draft: D) => Promise<S>;
  edit: (before: S, draft: D) => Promise<S>;
  remove: (name: string) => Promise<void>;
  /** Whether one that was deleted can be made again as it was; what holds secrets cannot. */
  undoable: boolean;
  /** Keys of the queries whose answers a change of one changes. */
  changes: string[][];
  /** What is said of a new one, by its name. */
  made: (name: string) => string;
  /** The fields that the form shows beside the name, by their paths in the API. */
  shown: (draft: D) => readonly string[];
  /** Takes the secrets out of a draft that is kept while nobody is signed in. */
  safe?: (draft: D) => D;
}

/** What the fields of a form work on. */
export interface Fields<D> {
  draft: D;
  change: (fields: Partial<D>) => void;
  /** What is wrong with a field, by its path in the API. */
  wrong: (field: string) => string | undefined;
  isNew: boolean;
}

interface DraftFormProps<D extends Named, S extends D> {
  kind: Kind<D, S>;
  /** What is edited; null for a new one. */
  stored: S | null;
  close: () => void;
  children: (fields: Fields<D>) => ReactNode;
}

/** Creates, edits and deletes a thing that has a name: the form around the fields of its kind. */
export function DraftForm<D extends Named, S extends D>({
  kind,
  stored,
  close,
  children,
}: DraftFormProps<D, S>) {
  const { empty, safe } = kind;
  const { before, draft, setDraft } = useDraft<S, D>(kind.word, { stored, empty, ...(safe && { safe }) });
  const change = (fields: Partial<D>) => setDraft((old) => ({ ...old, ...fields }));
  const saving = useAction(() => (before ? kind.edit(before, draft) : kind.create(draft)), {
    failure: `The ${kind.word} could not be saved`,
    changes: kind.changes,
    onDone: ({ name }) => {
      done(before ? `${name} is saved` : kind.made(name));
      close();
    },
  });
  const deleting = useAction(kind.remove, {
    failure: (name) => `${name} could not be deleted`,
    changes: kind.changes,
    onDone: (_, name) => {
      done(`${name} is deleted`, kind.undoable && before ? () => kind.create(before) : undefined);
      close();
    },
  });
  const faults = faultsOf(saving.error, ['name', ...kind.shown(draft)]);
  return (
    <form
      noValidate
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
            onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
            required
            data-autofocus
          />
        )}
        {children({ draft, change, wrong: faults.at, isNew: !before })}
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
