import { Alert, Button, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { ApiError } from '../../data/api';
import { createTrigger, editTrigger, nextTimes } from '../../data/triggers';
import type { Owner, Trigger } from '../../data/triggers';
import type { WireTriggerSpec } from '../../data/wire';
import { Dialog } from '../Dialog';
import { mergePatch, put } from '../document/document';
import type { Json, JsonObject, Path } from '../document/document';
import { Form, TextField } from '../document/fields';
import { useDraft } from '../document/useDraft';
import { Instant } from '../instants';
import { done } from '../notices';
import { useAction } from '../useAction';
import { ofKind, kindOf, kinds } from './kinds';
import { KindFields, MoreFields } from './TriggerFields';
import classes from './Triggers.module.css';
import { triggerWords } from './triggerWords';

interface Props {
  owner: Owner;
  /** Null for a new one. */
  trigger: Trigger | null;
  close: () => void;
  onSaved?: (saved: Trigger) => void;
}

/** Names the form among those of a page. */
export const word = 'trigger';

/** What is written of a trigger. */
type Draft = Pick<Trigger, 'spec'>;

const empty: Draft = { spec: written(ofKind({ name: '' }, 'cron')) };

/** Takes what the fields have written for a trigger: the conductor says what is wrong with it. */
function written(spec: JsonObject): WireTriggerSpec {
  return spec as unknown as WireTriggerSpec;
}

/** Writes a trigger: in plain words, and with its next times, before it is saved. */
export function TriggerForm({ owner, trigger: stored, close, onSaved }: Props) {
  const { before: trigger, draft, setDraft } = useDraft<Trigger, Draft>(word, { stored, empty });
  const spec: JsonObject = draft.spec;
  const change = (make: (spec: JsonObject) => JsonObject) =>
    setDraft((old) => ({ ...old, spec: written(make(old.spec)) }));
  const [refused, setRefused] = useState<ApiError | null>(null);
  const kind = kindOf(spec) ?? trigger?.kind ?? 'cron';
  const save = useAction(
    () => {
      if (!trigger) return createTrigger(owner, draft.spec);
      const patch = mergePatch(trigger.spec, spec);
      return editTrigger(owner, trigger.name, patch, trigger.version);
    },
    {
      failure: null,
      changes: [['triggers'], [`${owner.kind}s`], [owner.kind, owner.name], ['occurrences']],
      onDone: (saved) => {
        done(`${saved.name} is saved`);
        close();
        onSaved?.(saved);
      },
    },
  );
  const errors = useMemo(
    () => new Map(refused?.fields.map(({ field, reason }) => [field, reason]) ?? []),
    [refused],
  );
  const setAt = (path: Path, value: Json | undefined) => change((before) => put(before, path, value));
  const timed = kind === 'cron' || kind === 'every' || kind === 'at';
  return (
    <Dialog
      opened
      onClose={close}
      title={trigger ? `Edit ${trigger.name}` : `A trigger for ${owner.name}`}
      size="xl"
    >
      <Form value={{ spec, setAt, errors, refused: null, readOnly: false }}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate(undefined, {
              onError: (e) => setRefused(e instanceof ApiError ? e : new ApiError(0, e.message)),
            });
          }}
        >
          <Stack gap="sm">
            {!trigger && <TextField path={['name']} label="Name" placeholder="nightly" required />}
            <div style={{ overflowX: 'auto' }}>
              <SegmentedControl
                size="xs"
                aria-label="Kind of trigger"
                data={[...kinds]}
                value={kind}
                onChange={(next) => change((before) => ofKind(before, next))}
              />
            </div>
            <KindFields kind={kind} owner={owner} isNew={trigger === null} />
            <Text size="sm" fw={500} aria-live="polite">
              {triggerWords(draft.spec)}
            </Text>
            {timed && <Next owner={owner} spec={draft.spec} />}
            <MoreFields kind={kind} />
            {refused && (
              <Alert color="red" title="It was refused">
                {refused.fields.length === 0
                  ? refused.message
                  : refused.fields.map(({ field, reason }) => (
                      <div key={`${field} ${reason}`}>
                        <strong>{field}</strong> {reason}
                      </div>
                    ))}
              </Alert>
            )}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Do nothing
              </Button>
              <Button type="submit" loading={save.isPending}>
                {trigger ? 'Save' : 'Add the trigger'}
              </Button>
            </Group>
          </Stack>
        </form>
      </Form>
    </Dialog>
  );
}

/** The next times of what is being written, each with what a change of the clock does to it. */
function Next({ owner, spec }: { owner: Owner; spec: WireTriggerSpec }) {
  const [settled] = useDebouncedValue(spec, 300);
  // The name does not matter for when it fires.
  const query = useQuery(nextTimes(owner, { ...settled, name: settled.name || 'new' }));
  if (query.isError) {
    const reason = query.error instanceof ApiError ? query.error.fields[0]?.reason : undefined;
    return (
      <Text size="sm" c="var(--tone-bad)">
        {reason ?? query.error.message}
      </Text>
    );
  }
  return (
    <ol className={classes.next} aria-label="Next times">
      {query.data?.length === 0 && <li>It is not due any more.</li>}
      {(query.data ?? []).map((time) => (
        <li key={time.at.getTime()} data-due={time.due || undefined}>
          <span className="number">{time.local}</span>
          <span>
            <Instant at={time.at} zone={spec.timezone} /> here
          </span>
          {time.note !== '' && <strong>{time.note}</strong>}
        </li>
      ))}
    </ol>
  );
}
