import { Alert, Anchor, Button, Checkbox, Group, Select, Text } from '@mantine/core';
import { IconArrowBackUpDouble } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer, Empty } from '../../components/Answer';
import { Instant } from '../../components/instants';
import { done } from '../../components/notices';
import { Page } from '../../components/Page';
import { StateBadge } from '../../components/StateBadge';
import { useFilter } from '../../components/useFilter';
import { messageOf } from '../../data/api';
import { useMay } from '../../data/permissions';
import { recoverable } from '../../data/recovery';
import type { Recoverable } from '../../data/recovery';
import { act } from '../../data/runActions';
import { bytes } from '../../data/sizes';
import { taskNames } from '../../data/taskNames';
import classes from './Recovery.module.css';

/** From where a run is to go on: the sequence of a checkpoint, or its beginning. */
type From = number | 'start';

/** Runs that did not end well, each with its checkpoints and what its job wrote for this case; recover one or many. */
export function Recovery() {
  const may = useMay();
  const [task, setTask] = useFilter('task');
  const names = useQuery(taskNames).data ?? [];
  const query = useInfiniteQuery(recoverable(task));
  const all = query.data?.pages.flatMap((page) => page.runs) ?? [];
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const [from, setFrom] = useState<ReadonlyMap<string, From>>(new Map());
  const chosen = all.filter(({ run }) => marked.has(run.id));
  const recovery = useRecovery(() => setMarked(new Set()));
  const start = (runs: Recoverable[]) =>
    void recovery.start(runs.map((r) => ({ of: r, from: fromOf(r, from) })));
  const mark = (id: string, on: boolean) =>
    setMarked((before) => new Set(on ? [...before, id] : [...before].filter((other) => other !== id)));
  const allowed = may('run.recover');
  return (
    <Page
      title="Recovery"
      about="Runs that failed, timed out or were lost. Recover takes them up where they left off."
    >
      <Group gap="xs" justify="space-between">
        <Select
          aria-label="task"
          placeholder="any task"
          data={task === '' || names.includes(task) ? names : [...names, task]}
          value={task === '' ? null : task}
          onChange={(value) => setTask(value ?? '')}
          searchable
          clearable
          w={{ base: '100%', xs: 240 }}
        />
        {allowed && all.length > 0 && (
          <Button
            leftSection={<IconArrowBackUpDouble size={16} />}
            disabled={chosen.length === 0}
            loading={recovery.running}
            onClick={() => start(chosen)}
          >
            {chosen.length === 0
              ? 'Recover the chosen'
              : `Recover ${chosen.length === 1 ? 'it' : `these ${chosen.length}`}`}
          </Button>
        )}
      </Group>
      {recovery.failures.length > 0 && (
        <Alert color="red" title="Not all could be recovered" withCloseButton onClose={recovery.forget}>
          {recovery.failures.map((failure) => (
            <Text key={failure} size="sm">
              {failure}
            </Text>
          ))}
        </Alert>
      )}
      <section className="panel" aria-label="Runs to recover" aria-busy={query.isPlaceholderData}>
        <Answer query={query} what="The runs">
          {() =>
            all.length === 0 ? (
              <Empty>
                {task === ''
                  ? 'There is nothing to recover: every run ended well, or runs.'
                  : 'None of its runs needs it.'}
              </Empty>
            ) : (
              <>
                {allowed && (
                  <div className={classes.all}>
                    <Checkbox
                      label={all.length === 1 ? 'The one shown' : `All ${all.length} shown`}
                      checked={chosen.length === all.length}
                      indeterminate={chosen.length > 0 && chosen.length < all.length}
                      onChange={(event) =>
                        setMarked(new Set(event.currentTarget.checked ? all.map(({ run }) => run.id) : []))
                      }
                    />
                  </div>
                )}
                <ul className={classes.list}>
                  {all.map((item) => (
                    <Row
                      key={item.run.id}
                      item={item}
                      allowed={allowed}
                      marked={marked.has(item.run.id)}
                      mark={(on) => mark(item.run.id, on)}
                      from={fromOf(item, from)}
                      choose={(value) => setFrom((before) => new Map(before).set(item.run.id, value))}
                      recover={() => start([item])}
                    />
                  ))}
                </ul>
              </>
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
              Show older runs
            </Button>
          </Group>
        )}
      </section>
    </Page>
  );
}

function fromOf({ run, checkpoints }: Recoverable, chosen: ReadonlyMap<string, From>): From {
  return chosen.get(run.id) ?? checkpoints.at(-1)?.sequence ?? 'start';
}

/** Recovers runs one after the other, and tells those that could not be. */
function useRecovery(onDone: () => void) {
  const queries = useQueryClient();
  const [running, setRunning] = useState(false);
  const [failures, setFailures] = useState<string[]>([]);
  const start = async (all: { of: Recoverable; from: From }[]) => {
    setRunning(true);
    setFailures([]);
    const failed: string[] = [];
    for (const { of, from } of all) {
      try {
        await (from === 'start' ? act(of.run.id, 'restart') : act(of.run.id, 'recover', from));
      } catch (error) {
        failed.push(`${of.run.task} ${of.run.id}: ${messageOf(error)}`);
      }
    }
    setRunning(false);
    setFailures(failed);
    const well = all.length - failed.length;
    if (well > 0) done(well === 1 ? '1 run goes on' : `${well} runs go on`);
    for (const key of ['recoverable', 'runs', 'run']) void queries.invalidateQueries({ queryKey: [key] });
    onDone();
  };
  return { running, failures, forget: () => setFailures([]), start };
}

interface RowProps {
  item: Recoverable;
  allowed: boolean;
  marked: boolean;
  mark: (on: boolean) => void;
  from: From;
  choose: (from: From) => void;
  recover: () => void;
}

function Row({ item, allowed, marked, mark, from, choose, recover }: RowProps) {
  const { run, checkpoints } = item;
  const instructions = checkpoints.find((c) => c.sequence === from)?.instructions ?? '';
  return (
    <li className={classes.row} data-marked={marked || undefined}>
      {allowed && (
        <Checkbox
          aria-label={`Choose ${run.task} ${run.id}`}
          checked={marked}
          onChange={(event) => mark(event.currentTarget.checked)}
        />
      )}
      <div className={classes.what}>
        <Group gap="xs">
          <Anchor component={Link} to={`/runs/${run.id}`} size="sm" fw={500}>
            {run.task}
          </Anchor>
          <StateBadge state={run.state} />
          <Text size="xs" c="dimmed">
            <Instant at={run.endedAt} row />
            {run.server !== null && ` on ${run.server}`}
          </Text>
        </Group>
        <Text size="sm">{run.reason}</Text>
        {instructions !== '' && (
          <Text size="sm" className={classes.instructions}>
            {instructions}
          </Text>
        )}
      </div>
      {allowed && (
        <div className={classes.how}>
          <Select
            size="xs"
            aria-label={`Where ${run.task} ${run.id} goes on`}
            data={[
              ...[...checkpoints].reverse().map((c, i) => ({
                value: String(c.sequence),
                label: `${c.sequence} · ${c.name}${i === 0 ? ' (last)' : ''} · ${bytes(c.size)}`,
              })),
              { value: 'start', label: 'from the beginning' },
            ]}
            value={String(from)}
            onChange={(value) => choose(value === 'start' || value === null ? 'start' : Number(value))}
            allowDeselect={false}
            comboboxProps={{ width: 'max-content', position: 'bottom-end' }}
          />
          <Button
            size="xs"
            variant="default"
            w={88}
            px={0}
            onClick={recover}
            aria-label={`Recover ${run.task} ${run.id}`}
          >
            {from === 'start' ? 'Restart' : 'Recover'}
          </Button>
        </div>
      )}
    </li>
  );
}
