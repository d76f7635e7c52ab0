import { MultiSelect, Switch, TagsInput, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { channels as channelsQuery } from '../../../data/channels';
import { createRule, deleteRule, editRule, emptyRule, noticeKinds } from '../../../data/notices';
import type { Rule, RuleDraft } from '../../../data/notices';
import { labelWords, labelsOf } from '../../servers/SettingsDialog';
import { DraftForm } from '../DraftForm';
import type { Kind } from '../DraftForm';
import { eventWords } from './ruleWords';

const filters = [
  { field: 'tasks', label: 'Only these tasks', placeholder: 'load-*' },
  { field: 'plans', label: 'Only these plans', placeholder: 'nightly' },
  { field: 'servers', label: 'Only these servers', placeholder: 'js-*' },
] as const;

const kind: Kind<RuleDraft, Rule> = {
  word: 'rule',
  empty: emptyRule,
  create: createRule,
  edit: editRule,
  remove: deleteRule,
  undoable: true,
  changes: [['notification-rules']],
  made: (name) => `${name} tells of what happens from now on`,
  shown: () => ['description', 'events', 'tasks', 'plans', 'servers', 'labels', 'channels', 'disabled'],
};

/** Creates, edits and deletes a rule. */
export function RuleForm({ rule, close }: { rule: Rule | null; close: () => void }) {
  const channels = useQuery(channelsQuery).data ?? [];
  return (
    <DraftForm kind={kind} stored={rule} close={close}>
      {({ draft, change, wrong }) => {
        // A channel that was deleted meanwhile stays on show, so that it can be taken out.
        const names = [...new Set([...channels.map(({ name }) => name), ...draft.channels])];
        return (
          <>
            <TextInput
              label="What it is for"
              value={draft.description}
              error={wrong('description')}
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
              error={wrong('events')}
              onChange={(events) => change({ events })}
              searchable
              required
            />
            <MultiSelect
              label="Channels that are told"
              data={names}
              value={draft.channels}
              error={wrong('channels')}
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
                error={wrong(field)}
                acceptValueOnBlur
                onChange={(words) => change({ [field]: words })}
              />
            ))}
            <TagsInput
              label="Only with these labels"
              description="key=value, of the task, or of the server where the event is about one"
              value={labelWords(draft.labels)}
              error={wrong('labels')}
              acceptValueOnBlur
              onChange={(words) => change({ labels: labelsOf(words) })}
            />
            <Switch
              label="In use"
              checked={!draft.disabled}
              onChange={(event) => change({ disabled: !event.currentTarget.checked })}
            />
          </>
        );
      }}
    </DraftForm>
  );
}
