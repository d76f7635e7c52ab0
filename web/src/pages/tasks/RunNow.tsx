import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer } from '../../components/Answer';
import { Dialog } from '../../components/Dialog';
import { done } from '../../components/notices';
import { PlacementView } from '../../components/PlacementView';
import { ApiError } from '../../data/api';
import { startRun } from '../../data/runActions';
import { task as taskQuery, taskPlacement } from '../../data/tasks';
import { useAction } from '../../components/useAction';

interface Props {
  task: string;
  /** Parameters of an earlier run, in place of the task's. */
  params?: Record<string, string>;
  close: () => void;
}

/** Runs a task now: its parameters to change, and before it is done, where it would run and why. */
export function RunNow({ task, params, close }: Props) {
  const query = useQuery(taskQuery(task));
  return (
    <Dialog opened onClose={close} title={`Run ${task} now`} size="xl">
      <Answer query={query} what="The task">
        {(known) => <Form task={task} defaults={known.params} given={params ?? {}} close={close} />}
      </Answer>
    </Dialog>
  );
}

interface FormProps {
  task: string;
  defaults: Record<string, string>;
  given: Record<string, string>;
  close: () => void;
}

function Form({ task, defaults, given, close }: FormProps) {
  const [values, setValues] = useState(() => valuesOf(defaults, given));
  const [fault, setFault] = useState<ApiError | null>(null);
  const navigate = useNavigate();
  const placement = useQuery(taskPlacement(task));
  const start = useAction(() => startRun(task, changed(defaults, values)), {
    failure: null,
    changes: [['runs'], ['tasks']],
    onDone: (run) => {
      done(`${task} runs`);
      close();
      void navigate({ to: '/runs/$id', params: { id: run.id } });
    },
  });
  const submit = () => {
    setFault(null);
    start.mutate(undefined, {
      onError: (error) => setFault(error instanceof ApiError ? error : new ApiError(0, error.message)),
    });
  };
  const names = Object.keys(values).sort();
  const of = (name: string) => fault?.fields.find((f) => f.field === `params.${name}`)?.reason;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack>
        {names.length === 0 ? (
          <Text size="sm" c="dimmed">
            This task has no parameters.
          </Text>
        ) : (
          names.map((name, i) => (
            <TextInput
              key={name}
              label={name}
              value={values[name] ?? ''}
              error={of(name)}
              {...(i === 0 ? { 'data-autofocus': true } : {})}
              {...(values[name] === defaults[name]
                ? {}
                : {
                    description:
                      defaults[name] === undefined
                        ? 'not a parameter of the task any more'
                        : `the task says: ${defaults[name] || 'nothing'}`,
                  })}
              onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
            />
          ))
        )}
        {fault && fault.fields.every((f) => !names.some((name) => f.field === `params.${name}`)) && (
          <Alert color="red" title="It was refused">
            {fault.message}
          </Alert>
        )}
        <section aria-label="Where it would run">
          <Text size="sm" fw={600} mb={4}>
            Where it would run now
          </Text>
          <Answer query={placement} what="The placement">
            {(choice) => (
              <>
                {choice.chosen === null && (
                  <Alert color="yellow" mb="xs">
                    No server can take it now. The run would wait, and go on as soon as one can.
                  </Alert>
                )}
                <PlacementView placement={choice} />
              </>
            )}
          </Answer>
        </section>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Do nothing
          </Button>
          <Button
            type="submit"
            loading={start.isPending}
            {...(names.length === 0 ? { 'data-autofocus': true } : {})}
          >
            Run now
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The values that are shown first: the task's own, or those of the earlier run. */
export function valuesOf(
  defaults: Record<string, string>,
  given: Record<string, string>,
): Record<string, string> {
  return { ...defaults, ...given };
}

/** What differs from the task's own values: only that is sent, so that an edit of the task counts. */
export function changed(
  defaults: Record<string, string>,
  values: Record<string, string>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => defaults[name] !== value));
}
