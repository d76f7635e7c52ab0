import { Alert, Button, Group, Modal, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { instantText, zoneName } from '../instants';
import { done } from '../notices';
import { useAction } from '../useAction';
import { ApiError } from '../../data/api';
import { taskNames } from '../../data/taskNames';
import { createTrigger, editTrigger, nextTimes } from '../../data/triggers';
import type { Owner, Trigger } from '../../data/triggers';
import type { WireTriggerSpec } from '../../data/wire';
import { mergePatch } from '../document/document';
import type { JsonObject } from '../document/document';
import classes from './Triggers.module.css';
import { triggerWords } from './triggerWords';

const kinds = [
  { value: 'cron', label: 'by the clock' },
  { value: 'every', label: 'every so often' },
  { value: 'at', label: 'once' },
  { value: 'after', label: 'after a task' },
];

const fresh: WireTriggerSpec = { name: '', cron: '30 2 * * *', timezone: zoneName() };

/** Writes a trigger: in plain words, and with its next times, before it is saved. */
export function TriggerForm({
  owner,
  trigger,
  close,
}: {
  owner: Owner;
  trigger: Trigger | null;
  close: () => void;
}) {
  const [spec, setSpec] = useState<WireTriggerSpec>(trigger?.spec ?? fresh);
  const [refused, setRefused] = useState<ApiError | null>(null);
  const names = useQuery(taskNames).data ?? [];
  const kind = kinds.find((k) => k.value in spec)?.value ?? trigger?.kind ?? 'cron';
  const put = (more: Partial<WireTriggerSpec>) => setSpec((before) => ({ ...before, ...more }));
  const save = useAction(
    () =>
      trigger
        ? editTrigger(
            owner,
            trigger.name,
            mergePatch(trigger.spec as unknown as JsonObject, spec as unknown as JsonObject),
            trigger.version,
          )
        : createTrigger(owner, spec),
    {
      failure: null,
      changes: [['triggers'], [`${owner.kind}s`], [owner.kind, owner.name], ['occurrences']],
      onDone: () => {
        done(`${spec.name} is saved`);
        close();
      },
    },
  );
  const error = (field: string) => refused?.fields.find((f) => f.field === field)?.reason;
  const choose = (next: string) => {
    const rest = Object.entries(spec).filter(([key]) => !(key in blank));
    setSpec({ ...(Object.fromEntries(rest) as unknown as WireTriggerSpec), ...blank[next] });
  };
  return (
    <Modal
      opened
      onClose={close}
      title={trigger ? `Edit ${trigger.name}` : `A trigger for ${owner.name}`}
      size="lg"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(undefined, {
            onError: (e) => setRefused(e instanceof ApiError ? e : new ApiError(0, e.message)),
          });
        }}
      >
        <Stack gap="sm">
          {!trigger && (
            <TextInput
              label="Name"
              placeholder="nightly"
              required
              data-autofocus
              value={spec.name}
              error={error('name')}
              onChange={(e) => put({ name: e.currentTarget.value })}
            />
          )}
          {['cron', 'every', 'at', 'after'].includes(kind) ? (
            <SegmentedControl
              size="xs"
              aria-label="Kind of trigger"
              data={kinds}
              value={kind}
              onChange={choose}
            />
          ) : (
            <Text size="sm">A trigger of the kind {kind}: what it waits for is changed with the client.</Text>
          )}
          {kind === 'cron' && (
            <Group grow align="flex-start">
              <TextInput
                label="Cron"
                description="minute hour day month weekday, or with seconds before them"
                value={spec.cron ?? ''}
                error={error('cron')}
                onChange={(e) => put({ cron: e.currentTarget.value })}
              />
              <Select
                label="Time zone"
                description="whose clock counts"
                searchable
                limit={100}
                data={zones}
                value={spec.timezone ?? 'UTC'}
                error={error('timezone')}
                onChange={(value) => put({ timezone: value ?? 'UTC' })}
              />
            </Group>
          )}
          {kind === 'every' && (
            <TextInput
              label="Every"
              description="such as 10m or 1h30m"
              value={spec.every ?? ''}
              error={error('every')}
              onChange={(e) => put({ every: e.currentTarget.value })}
            />
          )}
          {kind === 'at' && (
            <TextInput
              label="At"
              description={`in your zone, ${zoneName()}`}
              type="datetime-local"
              value={localOf(spec.at)}
              error={error('at')}
              onChange={(e) => put({ at: instantOf(e.currentTarget.value) })}
            />
          )}
          {kind === 'after' && (
            <Group grow align="flex-start">
              <Select
                label="Task"
                data={names}
                searchable
                value={spec.after?.task ?? null}
                error={error('after.task')}
                onChange={(value) => put({ after: { ...spec.after, task: value ?? '' } as never })}
              />
              <Select
                label="When it has"
                data={[
                  { value: 'ok', label: 'ended well' },
                  { value: 'error', label: 'failed' },
                  { value: 'any', label: 'ended' },
                ]}
                value={spec.after?.on ?? 'ok'}
                onChange={(value) => put({ after: { ...spec.after, on: value ?? 'ok' } as never })}
              />
            </Group>
          )}
          {(kind === 'cron' || kind === 'every') && (
            <Select
              label="Times that were missed"
              description="while no conductor ran"
              data={[
                { value: 'skip', label: 'are left out' },
                { value: 'latest', label: 'the latest is made up for' },
                { value: 'all', label: 'all are made up for' },
              ]}
              placeholder="as is the default"
              clearable
              value={spec.misfire ?? null}
              onChange={(value) => put({ misfire: (value ?? undefined) as never })}
            />
          )}
          <Text size="sm" fw={500}>
            {triggerWords(spec)}
          </Text>
          {(kind === 'cron' || kind === 'every' || kind === 'at') && <Next owner={owner} spec={spec} />}
          {refused && (
            <Alert color="red" title="It was refused">
              {refused.message}
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
    </Modal>
  );
}

const blank: Record<string, Partial<WireTriggerSpec>> = {
  cron: { cron: '30 2 * * *', timezone: zoneName() },
  every: { every: '10m' },
  at: { at: new Date(Date.now() + 3_600_000).toISOString() },
  after: { after: { task: '', on: 'ok' } as never },
};

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
      {(query.data ?? []).map((time) => (
        <li key={time.at.getTime()} data-due={time.due || undefined}>
          <span className="number">{time.local}</span>
          <span className="number">{instantText(time.at)} here</span>
          {time.note !== '' && <strong>{time.note}</strong>}
        </li>
      ))}
    </ol>
  );
}

const zones = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];

function localOf(text: string | undefined): string {
  if (!text) return '';
  const at = new Date(text);
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

function instantOf(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
}
