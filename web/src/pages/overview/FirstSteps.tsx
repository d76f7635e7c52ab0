import { Button, Text } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Suspense, lazy, useState } from 'react';

import { Panel } from '../../components/Page';
import { newestRuns } from '../../data/runs';
import { servers } from '../../data/servers';
import { taskNames } from '../../data/taskNames';
import { virtualServers } from '../../data/virtualServers';
import classes from './Overview.module.css';

const AddServer = lazy(() => import('../servers/AddServer').then((file) => ({ default: file.AddServer })));

interface Step {
  title: string;
  text: string;
  done: boolean;
  /** A page to go to; without one the step adds a server. */
  to?: string;
  button: string;
}

/** Leads a fresh conductor by the hand: join a server, make a group, make a task, run it. Gone once all four are done. */
export function FirstSteps() {
  const fleet = useQuery(servers).data;
  const groups = useQuery(virtualServers).data;
  const tasks = useQuery(taskNames).data;
  const runs = useQuery(newestRuns).data;
  const [adding, setAdding] = useState(false);
  if (!fleet || !groups || !tasks || !runs) return null;
  const steps: Step[] = [
    {
      title: 'Join a server',
      text: 'One line, run on a host, makes it a job server. It needs no open port.',
      done: fleet.length > 0,
      button: 'Add a server',
    },
    {
      title: 'Make a group',
      text: 'A virtual server is a group of job servers. A run that is sent to it goes to its best member.',
      done: groups.some(({ members }) => members.length > 0),
      to: '/virtual-servers',
      button: 'Virtual servers',
    },
    {
      title: 'Make a task',
      text: 'A command or a script, the group it runs on, and what becomes of it when a server goes away.',
      done: tasks.length > 0,
      to: '/tasks',
      button: 'Tasks',
    },
    {
      title: 'Run it',
      text: 'By hand first; a trigger can do it by itself later.',
      done: runs.length > 0,
      to: tasks[0] === undefined ? '/tasks' : `/tasks/${encodeURIComponent(tasks[0])}`,
      button: 'Run a task',
    },
  ];
  if (steps.every(({ done }) => done)) return null;
  const next = steps.findIndex(({ done }) => !done);
  return (
    <Panel title="Begin here" flush>
      <ol style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {steps.map((step, i) => (
          <li key={step.title} className={classes.step} aria-current={i === next ? 'step' : undefined}>
            <span className={classes.count} data-done={step.done || undefined}>
              {step.done ? <IconCheck size={16} role="img" aria-label="done" /> : i + 1}
            </span>
            <div>
              <Text fw={600} size="sm">
                {step.title}
              </Text>
              <Text size="sm" c="dimmed">
                {step.text}
              </Text>
            </div>
            {!step.done && <StepButton step={step} first={i === next} add={() => setAdding(true)} />}
          </li>
        ))}
      </ol>
      {adding && (
        <Suspense fallback={null}>
          <AddServer opened close={() => setAdding(false)} />
        </Suspense>
      )}
    </Panel>
  );
}

function StepButton({ step, first, add }: { step: Step; first: boolean; add: () => void }) {
  const look = { size: 'xs', variant: first ? 'filled' : 'default' } as const;
  return step.to === undefined ? (
    <Button {...look} onClick={add}>
      {step.button}
    </Button>
  ) : (
    <Button {...look} component={Link} to={step.to}>
      {step.button}
    </Button>
  );
}
