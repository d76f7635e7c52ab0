import { ActionIcon, Anchor, Badge, Button, Group, Menu, Modal, Text } from '@mantine/core';
import {
  IconDots,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlus,
  IconTrash,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer, Empty } from '../Answer';
import { Instant } from '../instants';
import { done } from '../notices';
import { useAction } from '../useAction';
import { useMay } from '../../data/permissions';
import { createTrigger, deleteTrigger, editTrigger, triggersOf } from '../../data/triggers';
import type { Owner, Trigger } from '../../data/triggers';
import { TriggerForm } from './TriggerForm';
import classes from './Triggers.module.css';
import { triggerWords } from './triggerWords';

/** The triggers of a task or a plan: when it starts by itself, in words, and what became of that last. */
export function Triggers({ owner }: { owner: Owner }) {
  const may = useMay();
  const query = useQuery(triggersOf(owner));
  const [edited, setEdited] = useState<Trigger | 'new' | null>(null);
  return (
    <>
      <Answer query={query} what="The triggers">
        {(all) =>
          all.length === 0 ? (
            <Empty>It has no trigger: it runs only when somebody asks for it.</Empty>
          ) : (
            <ul className={classes.triggers} aria-label="Triggers">
              {all.map((trigger) => (
                <Row key={trigger.name} owner={owner} trigger={trigger} edit={() => setEdited(trigger)} />
              ))}
            </ul>
          )
        }
      </Answer>
      {may(`${owner.kind}.edit`) && (
        <div style={{ padding: 'var(--mantine-spacing-md)' }}>
          <Button
            size="sm"
            variant="default"
            leftSection={<IconPlus size={15} />}
            onClick={() => setEdited('new')}
          >
            Add a trigger…
          </Button>
        </div>
      )}
      {edited && (
        <TriggerForm owner={owner} trigger={edited === 'new' ? null : edited} close={() => setEdited(null)} />
      )}
    </>
  );
}

function Row({ owner, trigger, edit }: { owner: Owner; trigger: Trigger; edit: () => void }) {
  const may = useMay();
  const [asked, setAsked] = useState(false);
  const changes = [['triggers'], [`${owner.kind}s`], [owner.kind, owner.name], ['occurrences']];
  const paused = trigger.spec.paused === true;
  const pause = useAction((on: boolean) => editTrigger(owner, trigger.name, { paused: on ? true : null }), {
    failure: `${trigger.name} could not be changed`,
    changes,
    onDone: (_, on) =>
      done(`${trigger.name} is ${on ? 'paused' : 'no longer paused'}`, () =>
        editTrigger(owner, trigger.name, { paused: on ? null : true }),
      ),
  });
  const remove = useAction(() => deleteTrigger(owner, trigger.name), {
    failure: `${trigger.name} could not be removed`,
    changes,
    onDone: () => {
      setAsked(false);
      done(`${trigger.name} is removed`, () => createTrigger(owner, trigger.spec));
    },
  });
  return (
    <li className={classes.trigger}>
      <div>
        <Text fw={500} size="sm">
          {trigger.name}{' '}
          <Badge size="xs" variant="light" color="gray" tt="none">
            {trigger.kind}
          </Badge>
          {trigger.pause && (
            <Badge size="xs" variant="light" color="yellow" tt="none" ml={6}>
              {trigger.pause.level === 'trigger'
                ? 'paused'
                : `paused for ${trigger.pause.level === 'all' ? 'all there is' : `this ${owner.kind}`}`}
            </Badge>
          )}
        </Text>
        <Text size="sm">{triggerWords(trigger.spec)}</Text>
        {trigger.pause && trigger.pause.reason !== '' && (
          <Text size="xs" c="dimmed">
            {trigger.pause.reason} ({trigger.pause.by})
          </Text>
        )}
      </div>
      <div>
        <Text size="xs" c="dimmed">
          next
        </Text>
        <Text size="sm" component="div">
          <Instant at={trigger.nextAt} />
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
              <Instant at={trigger.last.at} /> skipped
            </span>
          ) : (
            <Anchor component={Link} to={pathOfRun(owner, trigger.last.run)} size="sm">
              <Instant at={trigger.last.at} />
            </Anchor>
          )}
        </Text>
      </div>
      {may(`${owner.kind}.edit`) && (
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
            <Menu.Item
              leftSection={paused ? <IconPlayerPlay size={15} /> : <IconPlayerPause size={15} />}
              onClick={() => pause.mutate(!paused)}
            >
              {paused ? 'Resume' : 'Pause'}
            </Menu.Item>
            <Menu.Item leftSection={<IconTrash size={15} />} onClick={() => setAsked(true)}>
              Remove…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <Modal opened={asked} onClose={() => setAsked(false)} title={`Remove ${trigger.name}?`}>
        <Text size="sm" mb="md">
          {owner.name} will not start by it any more. Runs that it has started stay.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => setAsked(false)}>
            Keep it
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate(undefined)}>
            Remove
          </Button>
        </Group>
      </Modal>
    </li>
  );
}

function pathOfRun({ kind, name }: Owner, run: string): string {
  return kind === 'plan' ? `/plans/${name}/runs/${run}` : `/runs/${run}`;
}
