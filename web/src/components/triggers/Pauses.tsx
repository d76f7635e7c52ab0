import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconPlayerPause } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';

import { pauseText } from '../../data/schedule';
import type { Pause } from '../../data/schedule';
import { pauseTriggers, resumeTriggers } from '../../data/triggers';
import type { Paused } from '../../data/triggers';
import { Dialog } from '../Dialog';
import { Ago } from '../instants';
import { done } from '../notices';
import { useAction } from '../useAction';

/** The queries that a pause changes: whose it is does not matter, as one for all reaches each. */
const changes = [['triggers'], ['tasks'], ['task'], ['plans'], ['plan'], ['occurrences']];

/** What a pause is called: "nightly", "the triggers of load" or "all triggers". */
export function namePaused(what: Paused): string {
  if (what === 'all') return 'all triggers';
  return what.trigger === '' ? `the triggers of ${what.owner.name}` : what.trigger;
}

/** Resumes what is paused. */
export function useResume(what: Paused) {
  const name = namePaused(what);
  return useAction(() => resumeTriggers(what), {
    failure: `${name} could not be resumed`,
    changes,
    onDone: () => done(`${sentence(name)} ${what !== 'all' && what.trigger !== '' ? 'is' : 'are'} resumed`),
  });
}

/** Asks why triggers are to be paused, and pauses them. */
export function PauseDialog({ what, close }: { what: Paused; close: () => void }) {
  const [reason, setReason] = useState('');
  const name = namePaused(what);
  const pause = useAction(() => pauseTriggers(what, reason.trim()), {
    failure: `${name} could not be paused`,
    changes,
    onDone: () => {
      close();
      done(`${sentence(name)} ${what !== 'all' && what.trigger !== '' ? 'is' : 'are'} paused`, () =>
        resumeTriggers(what),
      );
    },
  });
  return (
    <Dialog opened onClose={close} title={`Pause ${name}?`}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          pause.mutate(undefined);
        }}
      >
        <Stack gap="sm">
          <Text size="sm">
            {what === 'all'
              ? 'No task and no plan starts by itself until somebody resumes them.'
              : 'Nothing starts by it until somebody resumes it.'}{' '}
            Runs that have begun go on, and runs can be asked for by hand.
          </Text>
          <TextInput
            label="Why"
            description="shown to whoever wonders why nothing starts"
            data-autofocus
            maxLength={4096}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Do nothing
            </Button>
            <Button type="submit" loading={pause.isPending}>
              Pause
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

/** Says that triggers are paused, by whom, since when and why, and lets one resume them. */
export function PauseNotice({ pause, what, may }: { pause: Pause; what: Paused; may: boolean }) {
  const resume = useResume(what);
  return (
    <Notice
      act={
        may && (
          <Button
            size="xs"
            variant="default"
            loading={resume.isPending}
            onClick={() => resume.mutate(undefined)}
          >
            Resume {namePaused(what)}
          </Button>
        )
      }
    >
      {pauseText(pause)} · <Ago at={pause.at} />
    </Notice>
  );
}

function Notice({ act, children }: { act: ReactNode; children: ReactNode }) {
  return (
    <Alert color="yellow" icon={<IconPlayerPause size={18} />} mb="sm" role="status">
      <Group justify="space-between" gap="sm">
        <Text size="sm">{children}</Text>
        {act}
      </Group>
    </Alert>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
