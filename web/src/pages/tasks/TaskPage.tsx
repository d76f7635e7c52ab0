import { Anchor, Button, Group, Tabs, Text } from '@mantine/core';
import { IconCopy, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer, Empty } from '../../components/Answer';
import { Dialog } from '../../components/Dialog';
import { done } from '../../components/notices';
import { Page } from '../../components/Page';
import { PlacementView } from '../../components/PlacementView';
import { Strip } from '../../components/Strip';
import { Triggers } from '../../components/triggers/Triggers';
import { useAction } from '../../components/useAction';
import { useFilter, usePart } from '../../components/useFilter';
import { useMay } from '../../data/permissions';
import type { RunFilter } from '../../data/runList';
import { createTask, deleteTask, task as taskQuery, taskPlacement } from '../../data/tasks';
import type { Task } from '../../data/tasks';
import { RunList } from '../runs/RunList';
import type { JsonObject } from '../../components/document/document';
import { Editor } from './Editor';
import { RunNow } from './RunNow';
import { newTask } from './Tasks';
import { WhatIf } from './WhatIf';

/** One task: its document to edit, when it starts by itself, what would happen to it, and its runs. */
export function TaskPage() {
  const { name } = useParams({ strict: false });
  if (name === newTask) return <NewTask />;
  return <KnownTask key={name} name={name ?? ''} />;
}

function NewTask() {
  const navigate = useNavigate();
  const [copied] = useFilter('of');
  const query = useQuery({ ...taskQuery(copied), enabled: copied !== '' });
  const first = query.data ? ({ ...query.data.spec, name: '' } as unknown as JsonObject) : undefined;
  return (
    <Page title="New task" about={copied === '' ? undefined : `as ${copied} is`}>
      {copied !== '' && !query.data ? (
        <Answer query={query} what="The task">
          {() => null}
        </Answer>
      ) : (
        <Editor
          task={null}
          {...(first ? { first } : {})}
          onSaved={(task) => void navigate({ to: '/tasks/$name', params: { name: task.name } })}
        />
      )}
    </Page>
  );
}

function KnownTask({ name }: { name: string }) {
  const query = useQuery(taskQuery(name));
  const [running, setRunning] = useState(false);
  const [removing, setRemoving] = useState(false);
  const may = useMay();
  const navigate = useNavigate();
  return (
    <Page
      title={name}
      about={
        <>
          <Anchor component={Link} to="/tasks" size="sm" py={3} display="inline-block">
            All tasks
          </Anchor>
          {query.data && query.data.description !== '' && ` · ${query.data.description}`}
        </>
      }
      actions={
        query.data && (
          <>
            {may('task.create') && (
              <Button
                variant="default"
                leftSection={<IconCopy size={15} />}
                onClick={() =>
                  void navigate({ to: '/tasks/$name', params: { name: newTask }, search: { of: name } })
                }
              >
                Copy…
              </Button>
            )}
            {may('task.delete') && (
              <Button
                variant="default"
                leftSection={<IconTrash size={15} />}
                onClick={() => setRemoving(true)}
              >
                Remove…
              </Button>
            )}
            {may('run.start') && (
              <Button leftSection={<IconPlayerPlay size={15} />} onClick={() => setRunning(true)}>
                Run now…
              </Button>
            )}
          </>
        )
      }
    >
      <Answer query={query} what="The task">
        {(task) => <Parts task={task} />}
      </Answer>
      {running && <RunNow task={name} close={() => setRunning(false)} />}
      {removing && query.data && <Remove task={query.data} close={() => setRemoving(false)} />}
    </Page>
  );
}

const parts = ['task', 'triggers', 'runs', 'where', 'what-if'] as const;

function Parts({ task }: { task: Task }) {
  const [tab, setTab] = usePart('task');
  const shown = parts.find((p) => p === tab) ?? 'task';
  const names: Record<(typeof parts)[number], string> = {
    task: 'Task',
    triggers: 'Triggers',
    runs: 'Runs',
    where: 'Where it would run',
    'what-if': 'If its server goes away',
  };
  return (
    <Tabs value={shown} onChange={setTab} keepMounted={false}>
      <Strip shown={shown}>
        <Tabs.List style={{ flexWrap: 'nowrap', minWidth: 'max-content' }} mb="md">
          {parts.map((part) => (
            <Tabs.Tab key={part} value={part} style={{ whiteSpace: 'nowrap' }}>
              {names[part]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Strip>
      <Tabs.Panel value="task">
        {/* A newer version begins the editor anew only once it was saved here. */}
        <Editor key={task.name} task={task} onSaved={() => undefined} />
      </Tabs.Panel>
      <Tabs.Panel value="triggers" className="panel">
        <Triggers owner={{ kind: 'task', name: task.name }} />
      </Tabs.Panel>
      <Tabs.Panel value="runs">
        <Runs task={task.name} />
      </Tabs.Panel>
      <Tabs.Panel value="where" className="panel" p="md">
        <Where task={task.name} />
      </Tabs.Panel>
      <Tabs.Panel value="what-if" className="panel" p="md">
        <WhatIf task={task} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Where({ task }: { task: string }) {
  const query = useQuery(taskPlacement(task));
  return (
    <Answer query={query} what="The placement">
      {(placement) => <PlacementView placement={placement} />}
    </Answer>
  );
}

const anything: Omit<RunFilter, 'task'> = {
  q: '',
  state: [],
  cause: [],
  server: '',
  virtual_server: '',
  since: '',
  until: '',
  late: '',
};

function Runs({ task }: { task: string }) {
  return (
    <>
      <RunList
        filter={{ ...anything, task }}
        label="Runs of the task"
        empty={<Empty>It has not run yet.</Empty>}
      />
      <Text pt="md" size="sm">
        <Anchor component={Link} to={`/runs?task=${encodeURIComponent(task)}`} size="sm">
          All its runs, with filters
        </Anchor>
      </Text>
    </>
  );
}

function Remove({ task, close }: { task: Task; close: () => void }) {
  const navigate = useNavigate();
  const remove = useAction(() => deleteTask(task.name), {
    failure: `${task.name} could not be removed`,
    changes: [['tasks']],
    onDone: () => {
      done(`${task.name} is removed`, () => createTask(task.spec));
      void navigate({ to: '/tasks' });
    },
  });
  return (
    <Dialog opened onClose={close} title={`Remove ${task.name}?`}>
      <Text size="sm" mb="md">
        Its triggers go with it. Its runs stay, with their output.
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
