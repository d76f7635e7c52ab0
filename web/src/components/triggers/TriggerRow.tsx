import { ActionIcon, Anchor, Badge, Button, Group, Menu, Text } from '@mantine/core';
import {
  IconDots,
  IconKey,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconTrash,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { useMay } from '../../data/permissions';
import { createTrigger, deleteTrigger, watchesOf, webhookOf } from '../../data/triggers';
import type { Owner, Trigger } from '../../data/triggers';
import { Dialog } from '../Dialog';
import { Ago, Instant } from '../instants';
import { done } from '../notices';
import { useAction } from '../useAction';
import { PauseDialog, useResume } from './Pauses';
import classes from './Triggers.module.css';
import { triggerWords } from './triggerWords';

interface Props {
  owner: Owner;
  trigger: Trigger;
  edit: () => void;
  /** Shows how a webhook is called. */
  secrets: () => void;
}

/** A trigger in words, why it is held up, when it is due next, what became of it last, and what can be done with it. */
export function TriggerRow({ owner, trigger, edit, secrets }: Props) {
  const may = useMay();
  return (
    <li className={classes.trigger}>
      <div>
        <Text fw={500} size="sm" component="div">
          {trigger.name}{' '}
          <Badge size="xs" variant="light" color="gray" tt="none">
            {trigger.kind}
          </Badge>
          {trigger.pause && (
            <span className={classes.paused}>
              <IconPlayerPause size={12} aria-hidden />
              {trigger.pause.level === 'trigger'
                ? 'paused'
                : `paused for ${trigger.pause.level === 'all' ? 'all there is' : `this ${owner.kind}`}`}
            </span>
          )}
        </Text>
        <Text size="sm">{triggerWords(trigger.spec)}</Text>
        {trigger.spec.description !== undefined && (
          <Text size="xs" c="dimmed">
            {trigger.spec.description}
          </Text>
        )}
        {trigger.pause?.level === 'trigger' && (
          <Text size="xs" c="dimmed">
            paused by {trigger.pause.by || 'nobody known'}, <Ago at={trigger.pause.at} />
            {trigger.pause.reason !== '' && `: ${trigger.pause.reason}`}
          </Text>
        )}
        {trigger.kind === 'webhook' && <CallState owner={owner} name={trigger.name} secrets={secrets} />}
        {trigger.kind === 'file' && <WatchState owner={owner} name={trigger.name} />}
      </div>
      <div>
        <Text size="xs" c="dimmed">
          next
        </Text>
        <Text size="sm" component="div">
          <Instant at={trigger.nextAt} zone={trigger.spec.timezone} />
        </Text>
      </div>
      <div>
        <Text size="xs" c="dimmed">
          last
        </Text>
        <Text size="sm" component="div">
          {trigger.last === null ? (
            'never'
          ) : trigger.last.run === null ? (
            <span title={trigger.last.reason}>
              <Instant at={trigger.last.at} zone={trigger.spec.timezone} /> skipped
            </span>
          ) : (
            <Anchor component={Link} to={pathOfRun(owner, trigger.last.run)} size="sm">
              <Instant at={trigger.last.at} zone={trigger.spec.timezone} within />
            </Anchor>
          )}
        </Text>
      </div>
      {may(`${owner.kind}.edit`) && <Acts owner={owner} trigger={trigger} edit={edit} secrets={secrets} />}
    </li>
  );
}

function Acts({ owner, trigger, edit, secrets }: Props) {
  const [asked, setAsked] = useState<'pause' | 'remove' | null>(null);
  const what = { owner, trigger: trigger.name };
  const resume = useResume(what);
  const paused = trigger.pause?.level === 'trigger' || trigger.spec.paused === true;
  const close = () => setAsked(null);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`What can be done with ${trigger.name}`}>
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={15} />} onClick={edit}>
            Edit…
          </Menu.Item>
          {trigger.kind === 'webhook' && (
            <Menu.Item leftSection={<IconKey size={15} />} onClick={secrets}>
              Address and key…
            </Menu.Item>
          )}
          {paused ? (
            <Menu.Item leftSection={<IconPlayerPlay size={15} />} onClick={() => resume.mutate(undefined)}>
              Resume
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<IconPlayerPause size={15} />} onClick={() => setAsked('pause')}>
              Pause…
            </Menu.Item>
          )}
          <Menu.Item leftSection={<IconTrash size={15} />} onClick={() => setAsked('remove')}>
            Remove…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked === 'pause' && <PauseDialog what={what} close={close} />}
      {asked === 'remove' && <Remove owner={owner} trigger={trigger} close={close} />}
    </>
  );
}

function Remove({ owner, trigger, close }: { owner: Owner; trigger: Trigger; close: () => void }) {
  const remove = useAction(() => deleteTrigger(owner, trigger.name), {
    failure: `${trigger.name} could not be removed`,
    changes: [['triggers'], [`${owner.kind}s`], [owner.kind, owner.name], ['occurrences']],
    onDone: () => {
      close();
      // The address of a webhook cannot come back: only the digest of it was there.
      const undo = trigger.kind === 'webhook' ? undefined : () => createTrigger(owner, trigger.spec);
      done(`${trigger.name} is removed`, undo);
    },
  });
  return (
    <Dialog opened onClose={close} title={`Remove ${trigger.name}?`}>
      <Text size="sm" mb="md">
        {owner.name} will not start by it any more. Runs that it has started stay.
        {trigger.kind === 'webhook' && ' Its address is good for nothing from then on, and cannot come back.'}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Keep it
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate(undefined)}>
          Remove
        </Button>
      </Group>
    </Dialog>
  );
}

/** Whether a webhook can be called, and how many requests were refused for their signature. */
function CallState({ owner, name, secrets }: { owner: Owner; name: string; secrets: () => void }) {
  const { data } = useQuery(webhookOf(owner, name));
  if (!data) return null;
  if (data.madeAt === null) {
    return (
      <Text size="xs" c="var(--tone-warn)">
        It has no address yet.{' '}
        <Anchor component="button" type="button" size="xs" onClick={secrets}>
          Make one
        </Anchor>
      </Text>
    );
  }
  return (
    <Text size="xs" c="dimmed">
      address made <Ago at={data.madeAt} />
      {data.refused > 0 && (
        <>
          {' '}
          · {data.refused} refused for a wrong signature, the last <Ago at={data.refusedAt} />
        </>
      )}
    </Text>
  );
}

/** What the servers say of the folder: how many files there are, or why they cannot look into it. */
function WatchState({ owner, name }: { owner: Owner; name: string }) {
  const { data } = useQuery(watchesOf(owner, name));
  if (!data) return null;
  if (data.length === 0) {
    return (
      <Text size="xs" c="dimmed">
        No server has told of the folder yet.
      </Text>
    );
  }
  return data.map((watch) => (
    <Text key={watch.server} size="xs" c={watch.problem === '' ? 'dimmed' : 'var(--tone-bad)'}>
      {watch.server}:{' '}
      {watch.problem === ''
        ? watch.files === 1
          ? '1 file matches'
          : `${watch.files} files match`
        : watch.problem}
      {watch.pending > 0 && `, ${watch.pending} wait to be taken`} · <Ago at={watch.toldAt} />
    </Text>
  ));
}

function pathOfRun({ kind, name }: Owner, run: string): string {
  return kind === 'plan' ? `/plans/${name}/runs/${run}` : `/runs/${run}`;
}
