import { Anchor, Button, Group, Select, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconPlayerPause, IconPlayerPlay, IconPlus, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer, Empty } from '../../components/Answer';
import { Glow } from '../../components/Glow';
import { Ago, Instant } from '../../components/instants';
import { Page } from '../../components/Page';
import { StateBadge } from '../../components/StateBadge';
import { PauseDialog, PauseNotice } from '../../components/triggers/Pauses';
import { useFilter } from '../../components/useFilter';
import { useMay } from '../../data/permissions';
import { pauses } from '../../data/schedule';
import { taskList } from '../../data/tasks';
import type { Task } from '../../data/tasks';
import { allTriggers, nextByTask } from '../../data/triggers';
import type { Next } from '../../data/triggers';
import { virtualServers } from '../../data/virtualServers';
import { RunNow } from './RunNow';
import classes from './Tasks.module.css';

/** The address of the page that makes a new task; no task can have that name. */
export const newTask: string = '~new';

/** All tasks by name, with their last run and when they run next. */
export function Tasks() {
  const may = useMay();
  const [q, setQ] = useFilter('q');
  const [group, setGroup] = useFilter('virtual_server');
  const [text, setText] = useState(q);
  const settle = useDebouncedCallback(setQ, 250);
  const query = useInfiniteQuery(taskList({ q, virtual_server: group, server: '' }));
  const next = nextByTask(useQuery(allTriggers).data ?? []);
  const groups = useQuery(virtualServers).data ?? [];
  const [run, setRun] = useState<string | null>(null);
  const [pausing, setPausing] = useState(false);
  const held = useQuery(pauses).data?.find(({ level }) => level === 'all');
  const all = query.data?.pages.flatMap((page) => page.tasks) ?? [];
  return (
    <Page
      title="Tasks"
      actions={
        <>
          {may('task.edit') && !held && (
            <Button
              variant="default"
              leftSection={<IconPlayerPause size={16} />}
              onClick={() => setPausing(true)}
            >
              Pause all triggers…
            </Button>
          )}
          {may('task.create') && (
            <Button component={Link} to={`/tasks/${newTask}`} leftSection={<IconPlus size={16} />}>
              New task
            </Button>
          )}
        </>
      }
    >
      {held && <PauseNotice pause={held} what="all" may={may('task.edit')} />}
      <Group gap="xs" role="search" aria-label="Filter the tasks">
        <TextInput
          aria-label="Part of the name"
          placeholder="part of the name"
          leftSection={<IconSearch size={15} aria-hidden />}
          value={text}
          w={{ base: '100%', xs: 220 }}
          onChange={(event) => {
            setText(event.currentTarget.value);
            settle(event.currentTarget.value);
          }}
        />
        <Select
          aria-label="virtual server"
          placeholder="any virtual server"
          data={groups.map((g) => g.name)}
          value={group === '' ? null : group}
          onChange={(value) => setGroup(value ?? '')}
          searchable
          clearable
          w={{ base: '100%', xs: 190 }}
        />
      </Group>
      <section className="panel" aria-label="Tasks" aria-busy={query.isPlaceholderData}>
        <Answer query={query} what="The tasks">
          {() =>
            all.length === 0 ? (
              <Empty>
                {q !== '' || group !== '' ? (
                  'No task is as you ask.'
                ) : (
                  <>
                    There is no task yet. A task is what is run: a script or a command, where it runs, and
                    what happens if its server goes away.{' '}
                    <Link to="/tasks/$name" params={{ name: newTask }}>
                      Make the first one
                    </Link>
                  </>
                )}
              </Empty>
            ) : (
              <table className={classes.table} aria-label="Tasks">
                <thead>
                  <tr>
                    <th scope="col">Task</th>
                    <th scope="col">Runs on</th>
                    <th scope="col">Job</th>
                    <th scope="col">Last run</th>
                    <th scope="col">Next run</th>
                    <th scope="col">
                      <span hidden>Act</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {all.map((task) => (
                    <Row
                      key={task.name}
                      task={task}
                      next={next.get(task.name) ?? null}
                      run={() => setRun(task.name)}
                    />
                  ))}
                </tbody>
              </table>
            )
          }
        </Answer>
        {query.hasNextPage && (
          <Group justify="center" p="md">
            <Button
              variant="default"
              loading={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              Show more tasks
            </Button>
          </Group>
        )}
      </section>
      {run !== null && <RunNow task={run} close={() => setRun(null)} />}
      {pausing && <PauseDialog what="all" close={() => setPausing(false)} />}
    </Page>
  );
}

function Row({ task, next, run }: { task: Task; next: Next | null; run: () => void }) {
  const may = useMay();
  const last = task.lastRun;
  return (
    <tr>
      <td className={classes.name}>
        <Anchor component={Link} to={`/tasks/${task.name}`} size="sm" fw={500}>
          {task.name}
        </Anchor>
        {task.description !== '' && (
          <Text size="xs" c="dimmed" lineClamp={2}>
            {task.description}
          </Text>
        )}
      </td>
      <td>
        {task.target.name}
        <Text size="xs" c="dimmed">
          {task.target.kind === 'group' ? 'best of the group' : 'this server alone'}
        </Text>
      </td>
      <td>
        <div className={classes.job} title={task.jobText}>
          {task.jobText}
        </div>
      </td>
      <td>
        {last ? (
          <>
            <Anchor
              component={Link}
              to={`/runs/${last.id}`}
              underline="never"
              aria-label={`Last run of ${task.name}`}
            >
              <Glow of={`${last.id} ${last.state}`}>
                <StateBadge state={last.state} />
              </Glow>
            </Anchor>
            <Text size="xs" c="dimmed">
              <Ago at={last.endedAt ?? last.startedAt ?? last.queuedAt} row />
            </Text>
          </>
        ) : (
          <Text size="sm" c="dimmed">
            never
          </Text>
        )}
      </td>
      <td className={classes.next} data-none={next === null || undefined}>
        <Instant at={next?.at ?? null} zone={next?.zone} row />
      </td>
      <td className={classes.act}>
        {may('run.start') && (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlayerPlay size={14} />}
            onClick={run}
            aria-label={`Run ${task.name} now`}
          >
            Run
          </Button>
        )}
      </td>
    </tr>
  );
}
