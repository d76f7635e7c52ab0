import { MultiSelect, Stack, Switch, TagsInput, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { done } from '../../../components/notices';
import { useAction } from '../../../components/useAction';
import { channels as channelsQuery } from '../../../data/channels';
import { createRule, deleteRule, editRule, emptyRule, noticeKinds } from '../../../data/notices';
import type { Rule, RuleDraft } from '../../../data/notices';
import { labelWords, labelsOf } from '../../servers/SettingsDialog';
import { DeleteButton } from '../DeleteButton';
import { faultsOf } from '../faults';
import { FormEnd } from '../FormEnd';
import { eventWords } from './ruleWords';

const changes = [['notification-rules']];
const shown = [
  'name',
  'description',
  'events',
  'tasks',
  'plans',
  'servers',
  'labels',
  'channels',
  'disabled',
];
const filters = [
  { field: 'tasks', label: 'Only these tasks', placeholder: 'load-*' },
  { field: 'plans', label: 'Only these plans', placeholder: 'nightly' },
  { field: 'servers', label: 'Only these servers', placeholder: 'js-*' },
] as const;

/** Creates, edits and deletes a rule. */
export function RuleForm({ rule, close }: { rule: Rule | null; close: () => void }) {
  // As it was when one began: what others change meanwhile is not overwritten.
  const [before] = useState(rule);
  const [draft, setDraft] = useState<RuleDraft>(rule ?? emptyRule);
  const channels = useQuery(channelsQuery).data ?? [];
  const change = (fields: Partial<RuleDraft>) => setDraft((old) => ({ ...old, ...fields }));
  const saving = useAction(() => (before ? editRule(before, draft) : createRule(draft)), {
    failure: 'The rule could not be saved',
    changes,
    onDone: ({ name }) => {
      done(before ? `${name} is saved` : `${name} tells of what happens from now on`);
      close();
    },
  });
  const deleting = useAction(deleteRule, {
    failure: (name) => `${name} could not be deleted`,
    changes,
    onDone: (_, name) => {
      done(`${name} is deleted`, () => createRule(before ?? draft));
      close();
    },
  });
  const faults = faultsOf(saving.error, shown);
  // A channel that was deleted meanwhile stays on show, so that it can be taken out.
  const names = [...new Set([...channels.map(({ name }) => name), ...draft.channels])];
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
            onChange={(event) => change({ name: event.currentTarget.value })}
            required
            data-autofocus
          />
        )}
        <TextInput
          label="What it is for"
          value={draft.description}
          error={faults.at('description')}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
        <MultiSelect
          label="Of what is told"
          data={Object.keys(noticeKinds).map((value) => ({ value, label: eventWords(value) }))}
          renderOption={({ option }) => (
            <div>
              <Text size="sm">{option.label}</Text>
              <Text size="xs" c="dimmed">
                {noticeKinds[option.value]}
              </Text>
            </div>
          )}
          value={draft.events}
          error={faults.at('events')}
          onChange={(events) => change({ events })}
          searchable
          required
        />
        <MultiSelect
          label="Channels that are told"
          data={names}
          value={draft.channels}
          error={faults.at('channels')}
          nothingFoundMessage="There is no channel yet; make one first."
          onChange={(wanted) => change({ channels: wanted })}
          searchable
          required
        />
        <Text size="sm" c="dimmed">
          Of the filters that are set, all must be met. * and ? stand for any text and any character.
        </Text>
        {filters.map(({ field, label, placeholder }) => (
          <TagsInput
            key={field}
            label={label}
            placeholder={draft[field].length === 0 ? `any, or such as ${placeholder}` : ''}
            value={draft[field]}
            error={faults.at(field)}
            acceptValueOnBlur
            onChange={(words) => change({ [field]: words })}
          />
        ))}
        <TagsInput
          label="Only with these labels"
          description="key=value, of the task, or of the server where the event is about one"
          value={labelWords(draft.labels)}
          error={faults.at('labels')}
          acceptValueOnBlur
          onChange={(words) => change({ labels: labelsOf(words) })}
        />
        <Switch
          label="In use"
          checked={!draft.disabled}
          onChange={(event) => change({ disabled: !event.currentTarget.checked })}
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
