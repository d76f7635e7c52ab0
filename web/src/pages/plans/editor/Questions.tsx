// What is asked in a dialog: which node is added, and where an edge leads to.

import { Button, Group, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReactNode, SyntheticEvent } from 'react';

import { Dialog } from '../../../components/Dialog';
import { conditions } from '../../../data/plans';
import type { Condition } from '../../../data/plans';
import { taskNames } from '../../../data/taskNames';
import { conditionWords } from '../PlanGraph';
import { useEditing } from './editing';
import { addNode, connect } from './edits';
import { unitOf, unitsOf, wayBetween } from './model';

/** Stands for no node or group: none has that name. */
const none = '~none';

export function ConditionChoice({
  value,
  onChange,
}: {
  value: Condition;
  onChange: (on: Condition) => void;
}) {
  return (
    <SegmentedControl
      size="xs"
      aria-label="When it follows"
      data={conditions.map((on) => ({ value: on, label: conditionWords[on] }))}
      value={value}
      onChange={onChange}
    />
  );
}

function Question({
  title,
  verb,
  ready,
  close,
  take,
  children,
}: {
  title: string;
  verb: string;
  ready: boolean;
  close: () => void;
  take: () => void;
  children: ReactNode;
}) {
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    // The form around the canvas saves the plan.
    event.stopPropagation();
    if (ready) take();
  };
  return (
    <Dialog opened onClose={close} title={title}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {children}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Do nothing
            </Button>
            <Button type="submit" disabled={!ready}>
              {verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

/** Adds a node: which task it runs, and what it follows. */
export function AddNode({ follows, close }: { follows: string | null; close: () => void }) {
  const { spec, graph, apply, choose } = useEditing();
  const names = useQuery(taskNames);
  const [task, setTask] = useState<string | null>(null);
  const [from, setFrom] = useState(follows);
  const [on, setOn] = useState<Condition>('ok');
  const ends = [...graph.nodes, ...graph.groups].map(({ name }) => name).filter(Boolean);
  const take = () => {
    if (task === null) return;
    const { spec: added, name } = addNode(spec, task);
    const outcome = from === null ? { spec: added } : connect(added, from, name, on);
    if (apply(outcome, `The node ${name} is added`)) choose({ kind: 'node', name });
    close();
  };
  return (
    <Question title="Add a node" verb="Add" ready={task !== null} close={close} take={take}>
      <Select
        label="Task"
        description="which the node runs"
        placeholder="part of its name"
        searchable
        limit={100}
        nothingFoundMessage={names.isPending ? 'loading…' : 'There is no such task.'}
        error={names.isError ? `The tasks could not be read: ${names.error.message}` : undefined}
        data={names.data ?? []}
        value={task}
        onChange={setTask}
        data-autofocus
      />
      {ends.length > 0 && (
        <>
          <Select
            label="Follows"
            searchable
            data={[{ value: none, label: 'nothing' }, ...new Set(ends)]}
            value={from ?? none}
            onChange={(value) => setFrom(value === none ? null : value)}
          />
          {from !== null && <ConditionChoice value={on} onChange={setOn} />}
        </>
      )}
    </Question>
  );
}

/** Draws an edge without dragging: where it leads to, and when it is taken. */
export function ConnectTo({ from, close }: { from: string; close: () => void }) {
  const { spec, graph, apply } = useEditing();
  const [to, setTo] = useState<string | null>(null);
  const [on, setOn] = useState<Condition>('ok');
  const targets = unitsOf(graph).filter((unit) => unit !== '' && unit !== unitOf(graph, from));
  const back = to === null ? null : wayBetween(graph, to, from);
  const take = () => {
    if (to !== null) apply(connect(spec, from, to, on), `${to} follows ${from} ${conditionWords[on]}`);
    close();
  };
  return (
    <Question title={`Connect ${from} to…`} verb="Connect" ready={to !== null} close={close} take={take}>
      <Select
        label="Node or group"
        description={`that follows ${from}`}
        placeholder="part of its name"
        searchable
        nothingFoundMessage="There is no such node or group."
        data={targets}
        value={to}
        onChange={setTo}
        data-autofocus
      />
      <ConditionChoice value={on} onChange={setOn} />
      {back && (
        <Text size="sm" c="var(--tone-warn)">
          That closes a cycle, which will be refused: {[unitOf(graph, from), ...back].join(' → ')}
        </Text>
      )}
    </Question>
  );
}
