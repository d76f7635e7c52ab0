import { Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { Dialog } from '../../components/Dialog';
import { done } from '../../components/notices';
import { useAction } from '../../components/useAction';
import { createPlan, deletePlan } from '../../data/plans';
import type { Plan } from '../../data/plans';
import { triggersOf } from '../../data/triggers';

/** Asks before a plan is removed, and names the triggers that go with it. */
export function RemovePlan({ plan, close }: { plan: Plan; close: () => void }) {
  const navigate = useNavigate();
  const triggers = useQuery(triggersOf({ kind: 'plan', name: plan.name }));
  const remove = useAction(() => deletePlan(plan.name), {
    failure: `${plan.name} could not be removed`,
    changes: [['plans']],
    onDone: () => {
      done(`${plan.name} is removed`, () => createPlan(plan.spec));
      void navigate({ to: '/plans' });
    },
  });
  return (
    <Dialog opened onClose={close} title={`Remove ${plan.name}?`}>
      <Text size="sm" mb="md">
        {goes(triggers.data?.map(({ name }) => name))} Its runs stay, and so do its tasks.
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Keep it
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate(undefined)}>
          Remove
        </Button>
      </Group>
    </Dialog>
  );
}

/** Says which triggers go with a plan; undefined where they are not known. */
function goes(triggers: string[] | undefined): string {
  if (!triggers) return 'Its triggers go with it.';
  if (triggers.length === 0) return 'It has no triggers.';
  const [what, verb] = triggers.length === 1 ? ['trigger', 'goes'] : ['triggers', 'go'];
  return `Its ${what} ${triggers.join(', ')} ${verb} with it.`;
}
