import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { Dialog } from '../../components/Dialog';
import { done } from '../../components/notices';
import { useAction } from '../../components/useAction';
import { ApiError } from '../../data/api';
import { startPlan } from '../../data/plans';
import type { Plan } from '../../data/plans';
import { changed } from '../tasks/RunNow';

/** Runs a plan now, with its parameters to change. */
export function RunPlan({ plan, close }: { plan: Plan; close: () => void }) {
  const [values, setValues] = useState(plan.params);
  const [fault, setFault] = useState<ApiError | null>(null);
  const navigate = useNavigate();
  const start = useAction(() => startPlan(plan.name, changed(plan.params, values)), {
    failure: null,
    changes: [['plan-runs']],
    onDone: ({ id, state }) => {
      done(`${plan.name} ${state === 'waiting' ? 'waits for another run of it' : 'runs'}`);
      close();
      void navigate({ to: '/plans/$name/runs/$id', params: { name: plan.name, id } });
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
    <Dialog opened onClose={close} title={`Run ${plan.name} now`} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack>
          {names.length === 0 && (
            <Text size="sm" c="dimmed">
              This plan has no parameters.
            </Text>
          )}
          {names.map((name, i) => (
            <TextInput
              key={name}
              label={name}
              value={values[name] ?? ''}
              error={of(name)}
              {...(i === 0 ? { 'data-autofocus': true } : {})}
              {...(values[name] === plan.params[name]
                ? {}
                : { description: `the plan says: ${plan.params[name] || 'nothing'}` })}
              onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
            />
          ))}
          {fault && !names.some((name) => of(name)) && (
            <Alert color="red" title="It was refused">
              {fault.message}
            </Alert>
          )}
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
    </Dialog>
  );
}
