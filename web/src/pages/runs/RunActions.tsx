import { Button, Group, Menu, Stack, Text } from '@mantine/core';
import {
  IconArrowBackUp,
  IconArrowBackUpDouble,
  IconDots,
  IconPin,
  IconPinnedOff,
  IconPlayerPlay,
  IconPlayerStop,
  IconRefresh,
} from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';

import { Dialog } from '../../components/Dialog';
import { done } from '../../components/notices';
import { useAction } from '../../components/useAction';
import { useMay } from '../../data/permissions';
import { act, pin, possible } from '../../data/runActions';
import type { Intent, Run } from '../../data/runs';
import { hasEnded } from '../../data/states';
import { RunNow } from '../tasks/RunNow';
import { CheckpointChoice } from './CheckpointChoice';

/** What is said before an intent is carried out on a run whose job may be running, and after. */
const words: Record<Intent, { verb: string; ask: string; told: string; failed: string }> = {
  cancel: {
    verb: 'Cancel run',
    ask: 'Its job is told to end, and is killed if it does not within its grace. Nothing starts it again.',
    told: 'is cancelled',
    failed: 'cancelled',
  },
  reset: {
    verb: 'Reset',
    ask: 'The run ends as reset, and its task is ready to run. A job that still runs is stopped first.',
    told: 'is reset',
    failed: 'reset',
  },
  restart: {
    verb: 'Restart',
    ask: 'A new attempt begins from the beginning, with the parameters of this run. A job that still runs is stopped first.',
    told: 'begins again',
    failed: 'restarted',
  },
  recover: {
    verb: 'Recover',
    ask: 'A new attempt goes on from the checkpoint that you choose. A job that still runs is stopped first.',
    told: 'goes on',
    failed: 'recovered',
  },
};

/** The buttons of a run: what can be done with it now, and may be done by who is signed in. */
export function RunActions({ run }: { run: Run }) {
  const may = useMay();
  const can = possible(run);
  const [asked, setAsked] = useState<Intent | 'again' | null>(null);
  const over = hasEnded(run.state);
  const keep = useAction((on: boolean) => pin(run.id, on), {
    failure: `${run.task} could not be changed`,
    changes: [['run', run.id], ['runs']],
    onDone: (_, on) => done(on ? 'The run is kept' : 'The run is left to retention'),
  });
  const offered = (intent: Intent) => can[intent] && may(`run.${intent}`);
  return (
    <Group gap="xs">
      {over && may('run.start') && (
        <Button
          size="sm"
          variant="default"
          leftSection={<IconPlayerPlay size={15} />}
          onClick={() => setAsked('again')}
        >
          Run again…
        </Button>
      )}
      {offered('recover') && (
        <Button
          size="sm"
          variant={over ? 'filled' : 'default'}
          leftSection={<IconArrowBackUpDouble size={16} />}
          onClick={() => setAsked('recover')}
        >
          Recover…
        </Button>
      )}
      {offered('cancel') && (
        <Button
          size="sm"
          variant="default"
          leftSection={<IconPlayerStop size={15} />}
          onClick={() => setAsked('cancel')}
        >
          Cancel…
        </Button>
      )}
      {(offered('restart') || offered('reset') || may('run.pin')) && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button size="sm" variant="default" px={8} aria-label="More that can be done">
              <IconDots size={17} />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {offered('restart') && (
              <Menu.Item leftSection={<IconRefresh size={16} />} onClick={() => setAsked('restart')}>
                Restart from the beginning…
              </Menu.Item>
            )}
            {offered('reset') && (
              <Menu.Item leftSection={<IconArrowBackUp size={16} />} onClick={() => setAsked('reset')}>
                Reset…
              </Menu.Item>
            )}
            {may('run.pin') && (
              <Menu.Item
                leftSection={run.pinned ? <IconPinnedOff size={16} /> : <IconPin size={16} />}
                onClick={() => keep.mutate(!run.pinned)}
              >
                {run.pinned ? 'Leave it to retention' : 'Keep it, whatever retention says'}
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
      {asked === 'again' ? (
        <RunNow task={run.task} params={run.params} close={() => setAsked(null)} />
      ) : (
        asked && <Confirm run={run} intent={asked} close={() => setAsked(null)} />
      )}
    </Group>
  );
}

/** Asks before something is done with a run; for a recovery, from which checkpoint. */
export function Confirm({
  run,
  intent,
  close,
  checkpoint: given,
}: {
  run: Run;
  intent: Intent;
  close: () => void;
  /** The checkpoint that was chosen already. */
  checkpoint?: number;
}) {
  const last = run.checkpoints.at(-1)?.sequence ?? null;
  const [checkpoint, setCheckpoint] = useState(given ?? last);
  const { verb, ask, told, failed } = words[intent];
  const action = useAction(() => act(run.id, intent, checkpoint ?? undefined), {
    failure: `${run.task} could not be ${failed}`,
    changes: [['run', run.id], ['runs'], ['recoverable']],
    onDone: () => {
      done(`${run.task} ${told}`);
      close();
    },
  });
  let more: ReactNode = null;
  if (intent === 'recover') {
    more =
      run.checkpoints.length === 0 ? (
        <Text size="sm">It has no checkpoint: the new attempt begins from the beginning.</Text>
      ) : (
        <CheckpointChoice checkpoints={run.checkpoints} chosen={checkpoint} choose={setCheckpoint} />
      );
  }
  return (
    <Dialog opened onClose={close} title={`${verb}: ${run.task}`} size="lg">
      <Stack>
        <Text size="sm">{ask}</Text>
        {more}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {intent === 'cancel' ? 'Leave it running' : 'Do nothing'}
          </Button>
          <Button
            color={intent === 'cancel' || intent === 'reset' ? 'red' : 'petrol'}
            loading={action.isPending}
            onClick={() => action.mutate(undefined)}
            data-autofocus
          >
            {verb}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
