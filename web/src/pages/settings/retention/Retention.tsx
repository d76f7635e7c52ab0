import { Button, Group, NumberInput, SimpleGrid } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { Answer } from '../../../components/Answer';
import { useDraft } from '../../../components/document/useDraft';
import { done } from '../../../components/notices';
import { useAction } from '../../../components/useAction';
import { useMay } from '../../../data/permissions';
import { editRetention, retention } from '../../../data/retention';
import type { Retention as Stored, RetentionDraft } from '../../../data/retention';
import { faultsOf } from '../faults';
import { Rest } from '../FormEnd';
import { SettingsPage } from '../SettingsPage';
import { AgeField } from './AgeField';

/** For how long what has ended is kept. */
export function Retention() {
  const query = useQuery(retention);
  return (
    <SettingsPage
      title="Retention"
      about="For how long what has ended is kept. A task or plan may have rules of its own, and a run that is pinned stays."
    >
      <Answer query={query} what="The rules of retention">
        {(stored) => <Form stored={stored} />}
      </Answer>
    </SettingsPage>
  );
}

const numbers = [
  { field: 'runs', path: 'runs', label: 'Newest runs of each task or plan', none: 'Without limit' },
  {
    field: 'logRuns',
    path: 'log_runs',
    label: 'Newest runs with their output',
    none: 'All runs that are kept',
  },
  {
    field: 'checkpointRuns',
    path: 'checkpoint_runs',
    label: 'Newest runs with their checkpoints',
    none: 'All runs that are kept',
  },
  {
    field: 'occurrences',
    path: 'occurrences',
    label: 'Newest occurrences of each task or plan',
    none: 'Without limit',
  },
] as const;

const ages = [
  { field: 'age', path: 'age', label: 'Runs', none: 'without limit' },
  { field: 'logAge', path: 'log_age', label: 'Their output', none: 'as long as the run' },
  { field: 'checkpointAge', path: 'checkpoint_age', label: 'Their checkpoints', none: 'as long as the run' },
  { field: 'eventAge', path: 'event_age', label: 'Events', none: 'without limit' },
  { field: 'occurrenceAge', path: 'occurrence_age', label: 'Occurrences of triggers', none: 'without limit' },
] as const;

function Form({ stored }: { stored: Stored }) {
  const may = useMay();
  const { before, draft, setDraft, changed, begin } = useDraft<Stored, RetentionDraft>('retention', {
    stored,
    empty: stored,
  });
  const { version } = before ?? stored;
  // What somebody else has stored is shown at once, unless something is written here already.
  if (stored.version > version && !changed) begin(stored);
  const saving = useAction(() => editRetention(before ?? stored, draft), {
    failure: 'The rules of retention could not be saved',
    changes: [['retention']],
    onDone: (saved) => {
      begin(saved);
      done('The rules of retention are saved');
    },
  });
  const faults = faultsOf(
    saving.error,
    [...numbers, ...ages].map(({ path }) => path),
  );
  return (
    <form
      className="panel"
      style={{ padding: 'var(--mantine-spacing-md)', maxWidth: 760 }}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate(undefined);
      }}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {numbers.map(({ field, path, label, none }) => (
          <NumberInput
            key={field}
            label={label}
            description={draft[field] === 0 ? none : `The newest ${draft[field]} are kept`}
            min={0}
            max={10_000_000}
            value={draft[field]}
            error={faults.at(path)}
            onChange={(value) => setDraft({ ...draft, [field]: Number(value) })}
          />
        ))}
        {ages.map(({ field, path, label, none }) => (
          <AgeField
            key={`${field} ${version}`}
            label={label}
            none={none}
            seconds={draft[field]}
            error={faults.at(path)}
            change={(seconds) => setDraft({ ...draft, [field]: seconds })}
          />
        ))}
      </SimpleGrid>
      <Rest lines={faults.rest} />
      {may('settings.edit') && (
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={() => begin(stored)}>
            Take back
          </Button>
          <Button type="submit" loading={saving.isPending}>
            Save
          </Button>
        </Group>
      )}
    </form>
  );
}
