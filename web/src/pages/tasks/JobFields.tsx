import { ActionIcon, Button, Group, SegmentedControl, Text } from '@mantine/core';
import { IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import { useContext } from 'react';

import { at } from '../../components/document/document';
import type { Json } from '../../components/document/document';
import { Form, LinesField, PairsField, TextArea, TextField } from '../../components/document/fields';
import { ArchiveFields } from './ArchiveFields';
import classes from './Editor.module.css';

const blank: Record<string, Json> = {
  command: ['true'],
  script: { interpreter: ['/bin/sh'], text: '' },
  steps: [{ name: 'first', command: ['true'] }],
  archive: { name: '' },
};

/** What is run: a script, a command, steps or an archive. */
export function JobFields() {
  const { spec, setAt, readOnly } = useContext(Form);
  const kind = Object.keys(blank).find((k) => at(spec, ['job', k]) !== undefined) ?? '';
  // What a job of any kind has stays when the kind is changed.
  const common: Record<string, Json> = {};
  for (const name of ['env', 'run_as']) {
    const value = at(spec, ['job', name]);
    if (value !== undefined) common[name] = value;
  }
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label="Kind of job"
        readOnly={readOnly}
        value={kind}
        data={[
          { value: 'script', label: 'script' },
          { value: 'command', label: 'command' },
          { value: 'steps', label: 'steps' },
          { value: 'archive', label: 'archive' },
        ]}
        onChange={(next) => setAt(['job'], { [next]: blank[next] ?? null, ...common })}
      />
      {kind === 'command' && (
        <LinesField
          path={['job', 'command']}
          label="Command"
          hint="One argument a line. No shell is between."
        />
      )}
      {kind === 'script' && (
        <>
          <LinesField
            path={['job', 'script', 'interpreter']}
            label="Interpreter"
            hint="One argument a line; by default /bin/sh."
          />
          <TextArea path={['job', 'script', 'text']} label="Script" code />
        </>
      )}
      {kind === 'steps' && <Steps />}
      {kind === 'archive' && <ArchiveFields />}
      {kind === '' && (
        <Text size="sm">This job is of a kind that the form does not know. Change it in the YAML.</Text>
      )}
      <PairsField path={['job', 'env']} label="Environment" />
      <TextField
        path={['job', 'run_as']}
        label="Run as user"
        hint="A user of the job server's system, where its own settings permit that; by default the user of its agent."
      />
    </>
  );
}

function Steps() {
  const { spec, setAt, readOnly } = useContext(Form);
  const steps = at(spec, ['job', 'steps']);
  const many = Array.isArray(steps) ? steps.length : 0;
  return (
    <>
      <Text size="xs" c="dimmed">
        A checkpoint is made after each step that ended well; the files that it names are kept with it.
      </Text>
      {Array.from({ length: many }, (_, i) => (
        <div key={i} className={classes.step}>
          <Group justify="space-between">
            <Text size="sm" fw={500}>
              Step {i + 1}
            </Text>
            {!readOnly && many > 1 && (
              <Group gap={4}>
                {i > 0 && (
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Put step ${i + 1} before step ${i}`}
                    onClick={() => setAt(['job', 'steps'], moved(steps, i))}
                  >
                    <IconArrowUp size={15} />
                  </ActionIcon>
                )}
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="gray"
                  leftSection={<IconTrash size={13} />}
                  onClick={() => setAt(['job', 'steps', i], undefined)}
                >
                  Remove
                </Button>
              </Group>
            )}
          </Group>
          <TextField path={['job', 'steps', i, 'name']} label="Name" required />
          <LinesField path={['job', 'steps', i, 'command']} label="Command" hint="One argument a line." />
          <LinesField path={['job', 'steps', i, 'keep']} label="Files to keep" hint="Patterns, one a line." />
        </div>
      ))}
      {!readOnly && (
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconPlus size={14} />}
          onClick={() => setAt(['job', 'steps', many], { name: '', command: ['true'] })}
        >
          Add a step
        </Button>
      )}
    </>
  );
}

/** Puts the step at a place before the one that stands before it. */
function moved(steps: Json | undefined, place: number): Json {
  const list = Array.isArray(steps) ? [...steps] : [];
  const [step] = list.splice(place, 1);
  if (step !== undefined) list.splice(place - 1, 0, step);
  return list;
}
