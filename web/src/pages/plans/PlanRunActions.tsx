import { Button, Group, Text } from '@mantine/core';
import { IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { useState } from 'react';

import { Dialog } from '../../components/Dialog';
import { done } from '../../components/notices';
import { useAction } from '../../components/useAction';
import { useMay } from '../../data/permissions';
import { actOnPlanRun } from '../../data/plans';
import type { PlanRun } from '../../data/plans';

const words = {
  cancel: {
    verb: 'Cancel plan run',
    ask: 'Nothing more of it is started, and what runs is stopped.',
    told: 'is cancelled',
    failed: 'cancelled',
    leave: 'Leave it running',
  },
  resume: {
    verb: 'Resume',
    ask: 'It goes on at the nodes that failed or were cancelled. What succeeded keeps its result.',
    told: 'goes on',
    failed: 'resumed',
    leave: 'Do nothing',
  },
} as const;

/** What can be done with a plan run now. */
export function PlanRunActions({ run }: { run: PlanRun }) {
  const may = useMay();
  const [asked, setAsked] = useState<keyof typeof words | null>(null);
  const resumable = run.state === 'failed' || run.state === 'cancelled';
  return (
    <>
      {(run.state === 'running' || run.state === 'waiting') && may('run.cancel') && (
        <Button
          variant="default"
          leftSection={<IconPlayerStop size={15} />}
          onClick={() => setAsked('cancel')}
        >
          Cancel…
        </Button>
      )}
      {resumable && may('plan.run') && (
        <Button leftSection={<IconPlayerPlay size={15} />} onClick={() => setAsked('resume')}>
          Resume…
        </Button>
      )}
      {asked && <Confirm run={run} act={asked} close={() => setAsked(null)} />}
    </>
  );
}

function Confirm({ run, act, close }: { run: PlanRun; act: keyof typeof words; close: () => void }) {
  const { verb, ask, told, failed, leave } = words[act];
  const action = useAction(() => actOnPlanRun(run.id, act), {
    failure: `${run.plan} could not be ${failed}`,
    changes: [['plan-run', run.id], ['plan-runs']],
    onDone: () => {
      done(`${run.plan} ${told}`);
      close();
    },
  });
  return (
    <Dialog opened onClose={close} title={`${verb}: ${run.plan}`}>
      <Text size="sm" mb="md">
        {ask}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {leave}
        </Button>
        <Button
          color={act === 'cancel' ? 'red' : 'petrol'}
          loading={action.isPending}
          onClick={() => action.mutate(undefined)}
          data-autofocus
        >
          {verb}
        </Button>
      </Group>
    </Dialog>
  );
}
