// What is chosen on the canvas, to be changed in words.

import { Button, Group, Stack, Text } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { AtOnceFields, WaitFields } from '../../../components/document/AtOnceFields';
import {
  ChoiceField,
  PairsField,
  SwitchField,
  TextField,
  WholeField,
} from '../../../components/document/fields';
import type { GraphEdge } from '../../../data/plans';
import { taskNames } from '../../../data/taskNames';
import classes from './Details.module.css';
import { useEditing } from './editing';
import { addGroup, putInGroup, remove, setCondition } from './edits';
import { groupOf, keyOf } from './model';
import type { EdgePlace, Place } from './model';
import { GroupSelect, NameField, newGroup } from './NameField';
import { NodeParams } from './NodeParams';
import { ConditionChoice } from './Questions';
import { wordsOf } from './useKeys';

export function Details() {
  const { graph, chosen, faults } = useEditing();
  const told = chosen ? (faults.get(keyOf(chosen)) ?? []) : [];
  const key = chosen ? keyOf(chosen) : '';
  return (
    <section className={`panel ${classes.details}`} aria-label="Details">
      {chosen?.kind === 'node' ? (
        <NodeDetails key={key} index={graph.nodes.findIndex(({ name }) => name === chosen.name)} />
      ) : chosen?.kind === 'group' ? (
        <GroupDetails key={key} index={graph.groups.findIndex(({ name }) => name === chosen.name)} />
      ) : chosen?.kind === 'edge' ? (
        <EdgeDetails key={key} edge={chosen} />
      ) : (
        <PlanDetails />
      )}
      {told.map((reason) => (
        <Text key={reason} size="sm" c="var(--tone-bad)" mt="xs">
          {reason}
        </Text>
      ))}
    </section>
  );
}

function Head({ title, place }: { title: ReactNode; place: Place }) {
  const { spec, apply, choose, readOnly } = useEditing();
  return (
    <Group justify="space-between" mb="xs">
      <h2 className={classes.title}>{title}</h2>
      <Group gap={6}>
        {!readOnly && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            leftSection={<IconTrash size={14} aria-hidden />}
            onClick={() => {
              choose(null);
              apply({ spec: remove(spec, place) }, `${wordsOf(place)} is removed`);
            }}
          >
            Remove
          </Button>
        )}
        <Button size="compact-sm" variant="subtle" color="gray" onClick={() => choose(null)}>
          To the plan
        </Button>
      </Group>
    </Group>
  );
}

function NodeDetails({ index }: { index: number }) {
  const { spec, graph, apply, choose } = useEditing();
  const tasks = useQuery(taskNames).data ?? [];
  const node = graph.nodes[index];
  if (!node) return null;
  const { name } = node;
  const group = groupOf(graph, name);
  const regroup = (to: string | null) => {
    if (to !== newGroup) {
      apply(
        { spec: putInGroup(spec, name, to) },
        to === null ? `${name} is in no group` : `${name} is in the group ${to}`,
      );
      return;
    }
    const made = addGroup(spec, [name]);
    if (apply({ spec: made.spec }, `${name} is in the new group ${made.name}`))
      choose({ kind: 'group', name: made.name });
  };
  return (
    <>
      <Head title={`Node ${name}`} place={{ kind: 'node', name }} />
      <Stack gap="sm">
        <div className={classes.row}>
          <NameField kind="node" name={name} index={index} />
          <ChoiceField path={['nodes', index, 'task']} label="Task" options={tasks} />
          <TextField
            path={['nodes', index, 'timeout']}
            label="Timeout"
            placeholder="without limit"
            hint="such as 30m, waiting for a server included"
          />
          <GroupSelect value={group} onChange={regroup} />
          {group === null && <JoinField path={['nodes', index, 'join']} />}
        </div>
        <SwitchField
          path={['nodes', index, 'may_fail']}
          label="May fail"
          hint="The plan run does not fail because this node does."
        />
        <NodeParams index={index} node={name} task={node.task} />
        <Edges name={name} />
      </Stack>
    </>
  );
}

function JoinField({ path }: { path: (string | number)[] }) {
  return (
    <ChoiceField
      path={path}
      label="Starts once"
      placeholder="all edges to it are taken"
      options={[
        { value: 'all', label: 'all edges to it are taken' },
        { value: 'any', label: 'any edge to it is taken' },
      ]}
    />
  );
}

/** What follows what is chosen, and what it follows, each with its condition. */
function Edges({ name }: { name: string }) {
  const { graph, ask, readOnly } = useEditing();
  const unit = groupOf(graph, name) ?? name;
  const here = graph.edges.filter(({ from, to }) => from === name || to === name || to === unit);
  return (
    <fieldset className={classes.edges}>
      <legend>Edges</legend>
      {here.length === 0 && (
        <Text size="sm" c="dimmed">
          {graph.nodes.length > 1 ? 'Nothing is joined with it yet.' : 'It starts with the plan run.'}
        </Text>
      )}
      {here.length > 0 && (
        <ul>
          {here.map((edge) => (
            <EdgeRow key={keyOf({ kind: 'edge', ...edge })} edge={edge} />
          ))}
        </ul>
      )}
      {!readOnly && (
        <Button size="compact-sm" variant="default" onClick={() => ask({ kind: 'connect', from: name })}>
          Connect to…
        </Button>
      )}
    </fieldset>
  );
}

function EdgeRow({ edge }: { edge: GraphEdge }) {
  const { spec, apply, readOnly } = useEditing();
  const place: EdgePlace = { kind: 'edge', ...edge };
  return (
    <li>
      <span>
        {edge.from} → {edge.to}
      </span>
      <ConditionChoice
        value={edge.on}
        onChange={(on) => apply(setCondition(spec, place, on), `${edge.to} follows ${edge.from}: ${on}`)}
      />
      {!readOnly && (
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          aria-label={`Remove the edge from ${edge.from} to ${edge.to}`}
          onClick={() => apply({ spec: remove(spec, place) }, `${wordsOf(place)} is removed`)}
        >
          <IconTrash size={14} aria-hidden />
        </Button>
      )}
    </li>
  );
}

function GroupDetails({ index }: { index: number }) {
  const { spec, graph, apply, readOnly } = useEditing();
  const group = graph.groups[index];
  if (!group) return null;
  const { name, nodes } = group;
  return (
    <>
      <Head title={`Group ${name}`} place={{ kind: 'group', name }} />
      <Stack gap="sm">
        <div className={classes.row}>
          <NameField kind="group" name={name} index={index} />
          <WholeField
            path={['groups', index, 'limit']}
            label="At most at once"
            hint="by default all of its nodes"
            min={1}
            max={500}
          />
          <JoinField path={['groups', index, 'join']} />
        </div>
        <fieldset className={classes.edges}>
          <legend>Nodes, in the order in which they are started</legend>
          <ol>
            {nodes.map((node, i) => (
              <li key={node}>
                <span>{node}</span>
                {!readOnly && (
                  <Group gap={2}>
                    {([-1, 1] as const).map((by) => (
                      <Button
                        key={by}
                        size="compact-sm"
                        variant="subtle"
                        color="gray"
                        aria-label={`Move ${node} ${by < 0 ? 'up' : 'down'}`}
                        disabled={i + by < 0 || i + by >= nodes.length}
                        onClick={() =>
                          apply(
                            { spec: putInGroup(spec, node, name, i + by) },
                            `${node} is number ${i + by + 1} in the group ${name}`,
                          )
                        }
                      >
                        {by < 0 ? (
                          <IconArrowUp size={14} aria-hidden />
                        ) : (
                          <IconArrowDown size={14} aria-hidden />
                        )}
                      </Button>
                    ))}
                    <Button
                      size="compact-sm"
                      variant="subtle"
                      color="gray"
                      onClick={() =>
                        apply({ spec: putInGroup(spec, node, null) }, `${node} is in no group any more`)
                      }
                    >
                      Take out
                    </Button>
                  </Group>
                )}
              </li>
            ))}
          </ol>
          {nodes.length === 0 && (
            <Text size="sm" c="dimmed">
              It has no nodes yet: drag one into it, or choose the group at a node.
            </Text>
          )}
        </fieldset>
        <Edges name={name} />
      </Stack>
    </>
  );
}

function EdgeDetails({ edge }: { edge: EdgePlace }) {
  const { spec, apply, choose } = useEditing();
  const { from, to, on } = edge;
  return (
    <>
      <Head title={`Edge from ${from} to ${to}`} place={edge} />
      <Group gap="sm">
        <Text size="sm">
          {to} follows {from}
        </Text>
        <ConditionChoice
          value={on}
          onChange={(next) => {
            if (apply(setCondition(spec, edge, next), `${to} follows ${from}: ${next}`))
              choose({ ...edge, on: next });
          }}
        />
      </Group>
    </>
  );
}

/** What belongs to the plan as a whole, while nothing is chosen. */
function PlanDetails() {
  return (
    <>
      <h2 className={classes.title}>Plan</h2>
      <Stack gap="sm" mt="xs">
        <TextField path={['description']} label="Description" />
        <PairsField
          path={['params']}
          label="Parameters and their values"
          hint={
            <>
              Nodes refer to them by <code>{'${{ params.name }}'}</code>.
            </>
          }
        />
        <div className={`${classes.row} ${classes.level}`}>
          <AtOnceFields />
        </div>
        <div className={`${classes.row} ${classes.level}`}>
          <WaitFields />
        </div>
        <PairsField path={['labels']} label="Labels" names="key" />
      </Stack>
    </>
  );
}
