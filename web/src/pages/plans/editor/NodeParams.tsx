import { ActionIcon, Menu, Text, TextInput } from '@mantine/core';
import { IconBraces } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useContext, useState } from 'react';

import { at, isObject } from '../../../components/document/document';
import { fieldOf, Form } from '../../../components/document/fields';
import { lastOutputs } from '../../../data/plans';
import { task as taskQuery } from '../../../data/tasks';
import classes from './Details.module.css';
import { useEditing } from './editing';
import { nodesBefore, textOf } from './model';

/** The parameters of a node: those that its task declares, each with what can be filled in. */
export function NodeParams({ index, node, task }: { index: number; node: string; task: string }) {
  const { spec, setAt, errors, readOnly } = useContext(Form);
  const declared = useQuery({ ...taskQuery(task), enabled: task !== '' }).data?.params;
  const given = at(spec, ['nodes', index, 'params']);
  const values = isObject(given) ? given : {};
  const names = [...new Set([...Object.keys(declared ?? {}), ...Object.keys(values)])].sort();
  const set = (name: string, text: string) =>
    setAt(['nodes', index, 'params', name], text === '' ? undefined : text);
  return (
    <fieldset className={classes.edges}>
      <legend>Parameters</legend>
      <Text size="xs" c="dimmed">
        What is empty is as the task says. <code>{'${{ params.name }}'}</code> is a parameter of the plan, and{' '}
        <code>{'${{ nodes.earlier.outputs.name }}'}</code> what the job of an earlier node has set with{' '}
        <code>jobserver output name=value</code>.
      </Text>
      {names.length === 0 && (
        <Text size="sm" c="dimmed">
          The task has no parameters.
        </Text>
      )}
      <div className={classes.row}>
        {names.map((name) => (
          <TextInput
            key={name}
            label={name}
            placeholder={declared?.[name]}
            readOnly={readOnly}
            value={textOf(values[name])}
            error={
              errors.get(fieldOf(['nodes', index, 'params', name])) ??
              (declared && !(name in declared) ? 'The task has no such parameter.' : undefined)
            }
            onChange={(event) => set(name, event.currentTarget.value)}
            rightSection={
              !readOnly && (
                <FillIn
                  node={node}
                  param={name}
                  take={(reference) => set(name, textOf(values[name]) + reference)}
                />
              )
            }
          />
        ))}
      </div>
    </fieldset>
  );
}

/** What can be filled in: parameters of the plan, and outputs of the nodes that come before. */
function FillIn({ node, param, take }: { node: string; param: string; take: (text: string) => void }) {
  const { spec, graph } = useEditing();
  const [opened, setOpened] = useState(false);
  const params = isObject(spec.params) ? Object.keys(spec.params) : [];
  const earlier = nodesBefore(graph, node);
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`What can be filled in for ${param}`}>
          <IconBraces size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown mah={320} style={{ overflow: 'auto' }}>
        <Menu.Label>Parameters of the plan</Menu.Label>
        {params.map((name) => (
          <Menu.Item key={name} onClick={() => take(`\${{ params.${name} }}`)}>
            {name}
          </Menu.Item>
        ))}
        {params.length === 0 && <Menu.Item disabled>It has none</Menu.Item>}
        <Menu.Label>Outputs of earlier nodes</Menu.Label>
        {opened &&
          earlier.map((name) => (
            <Outputs
              key={name}
              node={name}
              task={graph.nodes.find((n) => n.name === name)?.task ?? ''}
              take={take}
            />
          ))}
        {earlier.length === 0 && <Menu.Item disabled>No node comes before</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}

/** The outputs of a node, as its task has set them when it last succeeded. */
function Outputs({ node, task, take }: { node: string; task: string; take: (text: string) => void }) {
  const names = useQuery({ ...lastOutputs(task), enabled: task !== '' }).data ?? [];
  if (names.length === 0) {
    return (
      <Menu.Item
        onClick={() => take(`\${{ nodes.${node}.outputs. }}`)}
      >{`${node}: an output, by its name`}</Menu.Item>
    );
  }
  return names.map((name) => (
    <Menu.Item key={name} onClick={() => take(`\${{ nodes.${node}.outputs.${name} }}`)}>
      {`${node}: ${name}`}
    </Menu.Item>
  ));
}
