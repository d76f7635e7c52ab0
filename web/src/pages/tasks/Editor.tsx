import { Alert, Button, Group, Text, Textarea } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import { useMemo, useState } from 'react';

import { done } from '../../components/notices';
import { useAction } from '../../components/useAction';
import { ApiError } from '../../data/api';
import { useMay } from '../../data/permissions';
import { createTask, editTask } from '../../data/tasks';
import type { Task } from '../../data/tasks';
import { mergePatch, pathOf } from './document';
import type { JsonObject } from './document';
import classes from './Editor.module.css';
import { Form } from './fields';
import { TaskForm } from './TaskForm';
import { useDocument } from './useDocument';
import type { TaskDocument } from './useDocument';

interface Props {
  /** The task to edit; null for a new one. */
  task: Task | null;
  /** What a new task begins with. */
  first?: JsonObject;
  onSaved: (task: Task) => void;
}

const begun: JsonObject = {
  name: '',
  target: { virtual_server: '' },
  job: { script: { interpreter: ['/bin/sh'], text: 'echo hello\n' } },
};

/** A task as a form, and beside it as YAML: the same object. What the conductor refuses stands at its field and its line. */
export function Editor({ task, first = begun, onSaved }: Props) {
  const may = useMay();
  const stored = (task?.spec ?? first) as unknown as JsonObject;
  const document = useDocument(stored);
  const [refused, setRefused] = useState<ApiError | null>(null);
  const errors = useMemo(
    () => new Map(refused?.fields.map(({ field, reason }) => [field, reason]) ?? []),
    [refused],
  );
  const save = useAction(
    () =>
      task ? editTask(task.name, mergePatch(stored, document.spec), task.version) : createTask(document.spec),
    {
      failure: null,
      changes: [['tasks'], ['task']],
      onDone: (saved) => {
        setRefused(null);
        done(`${saved.name} is saved`);
        onSaved(saved);
      },
    },
  );
  const changed = task === null || Object.keys(mergePatch(stored, document.spec)).length > 0;
  const readOnly = !may(task ? 'task.edit' : 'task.create');
  const submit = () =>
    save.mutate(undefined, {
      onError: (error) => setRefused(error instanceof ApiError ? error : new ApiError(0, error.message)),
    });
  return (
    <Form value={{ spec: document.spec, setAt: document.setAt, errors, readOnly }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {refused && <Refusal error={refused} document={document} />}
        <div className={classes.editor}>
          <TaskForm isNew={task === null} />
          <Yaml document={document} readOnly={readOnly} />
        </div>
        {!readOnly && (
          <div className={classes.save}>
            <Text size="sm" c="dimmed">
              {document.faults.length > 0
                ? 'The YAML cannot be read.'
                : changed
                  ? task
                    ? 'Changed. Runs that were asked for already keep what they have.'
                    : ''
                  : 'As it is stored.'}
            </Text>
            <Group gap="xs">
              {task && changed && (
                <Button variant="default" onClick={() => document.replace(stored)}>
                  Discard the changes
                </Button>
              )}
              <Button
                type="submit"
                loading={save.isPending}
                disabled={!changed || document.faults.length > 0}
              >
                {task ? 'Save' : 'Create the task'}
              </Button>
            </Group>
          </div>
        )}
      </form>
    </Form>
  );
}

/** What was refused, each with the line of the YAML in which it stands. */
function Refusal({ error, document }: { error: ApiError; document: TaskDocument }) {
  const stale = error.status === 412;
  return (
    <Alert
      color="red"
      icon={<IconAlertCircle />}
      title={stale ? 'It was changed meanwhile' : 'It was not saved'}
      mb="md"
    >
      {stale ? (
        'Somebody else has saved this task since you opened it. Load the page again, and make your change anew.'
      ) : error.fields.length === 0 ? (
        error.message
      ) : (
        <ul className={classes.refused}>
          {error.fields.map(({ field, reason }) => {
            const line = document.lineOf(pathOf(field));
            return (
              <li key={field}>
                <strong>{field}</strong> {reason}
                {line !== null && <span className={classes.line}> (line {line})</span>}
              </li>
            );
          })}
        </ul>
      )}
    </Alert>
  );
}

function Yaml({ document, readOnly }: { document: TaskDocument; readOnly: boolean }) {
  const lines = document.text.split('\n').length;
  const wrong = new Set(document.faults.map((fault) => fault.line));
  return (
    <div className={classes.yaml}>
      <label htmlFor="task-yaml">YAML</label>
      <Text size="xs" c="dimmed">
        The same task, as <code>segno apply</code> takes it below <code>kind: task</code>.
      </Text>
      <div className={classes.sheet}>
        <div className={classes.numbers} aria-hidden>
          {Array.from({ length: lines }, (_, i) => (
            <div key={i} data-wrong={wrong.has(i + 1) || undefined}>
              {i + 1}
            </div>
          ))}
        </div>
        <Textarea
          id="task-yaml"
          flex={1}
          variant="unstyled"
          autosize
          minRows={12}
          spellCheck={false}
          readOnly={readOnly}
          wrapperProps={{ style: { minWidth: 0 } }}
          classNames={{ input: classes.text ?? '' }}
          value={document.text}
          onChange={(event) => document.setText(event.currentTarget.value)}
        />
      </div>
      {document.faults.map((fault, i) => (
        <Text key={i} size="sm" c="var(--tone-bad)" role="alert">
          {fault.line !== null && `line ${fault.line}: `}
          {fault.reason}
        </Text>
      ))}
    </div>
  );
}
