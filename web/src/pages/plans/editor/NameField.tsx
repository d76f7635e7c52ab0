import { Select, TextInput } from '@mantine/core';
import { useContext, useState } from 'react';

import { fieldOf, Form } from '../../../components/document/fields';
import { useEditing } from './editing';
import { nameFault, renameGroup, renameNode } from './edits';

interface Props {
  kind: 'node' | 'group';
  name: string;
  index: number;
}

/** The name of a node or a group. Half a name may be that of another one, so it counts once it is written to its end. */
export function NameField({ kind, name, index }: Props) {
  const { spec, apply, choose, readOnly } = useEditing();
  const { errors } = useContext(Form);
  const [text, setText] = useState(name);
  const fault = nameFault(spec, text, name);
  const take = () => {
    if (text === name || fault !== null) return;
    const rename = kind === 'node' ? renameNode : renameGroup;
    if (apply({ spec: rename(spec, name, text) }, `${name} is called ${text}`)) choose({ kind, name: text });
  };
  return (
    <TextInput
      label="Name"
      value={text}
      readOnly={readOnly}
      error={fault ?? errors.get(fieldOf([`${kind}s`, index, 'name']))}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key !== 'Enter') return;
        event.preventDefault();
        take();
      }}
    />
  );
}

/** Stand for no group and for a new one: none has such a name. */
const none = '~none';
export const newGroup = '~new';

/** The group of a node. */
export function GroupSelect({
  value,
  onChange,
}: {
  value: string | null;
  onChange: (group: string | null) => void;
}) {
  const { graph, readOnly } = useEditing();
  return (
    <Select
      label="Group"
      readOnly={readOnly}
      data={[
        { value: none, label: 'none' },
        ...graph.groups.map(({ name }) => ({ value: name, label: name })),
        { value: newGroup, label: 'a new group' },
      ]}
      value={value ?? none}
      onChange={(group) => onChange(group === none ? null : group)}
    />
  );
}
