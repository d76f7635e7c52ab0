import { Alert, Anchor, Button, Checkbox, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer } from '../../../components/Answer';
import { Dialog } from '../../../components/Dialog';
import { done } from '../../../components/notices';
import { useAction } from '../../../components/useAction';
import { messageOf } from '../../../data/api';
import { archiveNeeds, contentAddress, deleteArchiveVersion } from '../../../data/archives';
import type { ArchiveVersion, Needs } from '../../../data/archives';
import classes from './Archives.module.css';
import { RunLinks } from './RunLinks';
import { TaskLinks } from './TaskLinks';

interface DeleteVersionProps {
  /** Null while nothing is to be deleted. */
  version: ArchiveVersion | null;
  /** Whether the archive has no other version. */
  last: boolean;
  close: () => void;
}

/** Says what a version is needed for, and deletes it where nothing is in the way. */
export function DeleteVersion({ version, last, close }: DeleteVersionProps) {
  const title = version ? `Delete version ${version.version} of ${version.archive}` : '';
  return (
    <Dialog
      opened={version !== null}
      onClose={close}
      size="lg"
      title={title}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {version && <Question version={version} last={last} close={close} />}
    </Dialog>
  );
}

function Question({ version, last, close }: DeleteVersionProps & { version: ArchiveVersion }) {
  const query = useQuery(archiveNeeds(version.archive, version.version));
  return (
    <Answer query={query} what="What needs the version">
      {(needs) => <Form version={version} last={last} close={close} needs={needs} />}
    </Answer>
  );
}

function Form({
  version: stored,
  last,
  close,
  needs,
}: DeleteVersionProps & { version: ArchiveVersion; needs: Needs }) {
  const [sure, setSure] = useState(false);
  const navigate = useNavigate();
  const { archive, version } = stored;
  const held = needs.tasks.length > 0 || needs.open.count > 0;
  const force = needs.recoverable.count > 0;
  const deleting = useAction(() => deleteArchiveVersion(archive, version, force && sure), {
    failure: null,
    changes: last ? [['archives']] : [['archives'], ['archive', archive]],
    onDone: () => {
      done(`Version ${version} of ${archive} is deleted`);
      close();
      if (last) void navigate({ to: '/settings/archives' });
    },
  });
  return (
    <Stack gap="sm">
      <Reasons needs={needs} />
      {!held && force && (
        <Checkbox
          label="Delete it all the same. These runs can then only be run anew."
          checked={sure}
          onChange={(event) => setSure(event.currentTarget.checked)}
        />
      )}
      {!held && (
        <Text size="sm">
          {last ? 'It is the last version: the archive goes with it. ' : ''}
          What is deleted cannot be had back;{' '}
          <Anchor href={contentAddress(stored)} download size="sm" underline="always">
            download it first
          </Anchor>{' '}
          where it may be wanted again.
        </Text>
      )}
      {deleting.error && (
        <Alert color="red" title="It was not deleted">
          {messageOf(deleting.error)}
        </Alert>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={close} data-autofocus>
          {held ? 'Close' : 'Cancel'}
        </Button>
        {!held && (
          <Button
            color="red"
            disabled={force && !sure}
            loading={deleting.isPending}
            onClick={() => deleting.mutate(undefined)}
          >
            Delete version {version}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

/** Says what is in the way, and what would be broken. */
function Reasons({ needs: { tasks, open, recoverable } }: { needs: Needs }) {
  if (tasks.length === 0 && open.count === 0 && recoverable.count === 0) {
    return <Text size="sm">No task names it, and no run needs it.</Text>;
  }
  return (
    <>
      {tasks.length > 0 && (
        <Alert
          color="red"
          className={classes.reason}
          title={tasks.length === 1 ? 'A task needs it' : `${tasks.length} tasks need it`}
        >
          <TaskLinks tasks={tasks} />. It cannot be deleted before they name another version.
        </Alert>
      )}
      {open.count > 0 && (
        <Alert
          color="red"
          className={classes.reason}
          title={
            open.count === 1 ? 'A run with it has not ended' : `${open.count} runs with it have not ended`
          }
        >
          <RunLinks runs={open} />. It cannot be deleted before they end.
        </Alert>
      )}
      {recoverable.count > 0 && (
        <Alert
          color="yellow"
          className={classes.reason}
          title={
            recoverable.count === 1
              ? 'A failed run could be taken up again only with it'
              : `${recoverable.count} failed runs could be taken up again only with it`
          }
        >
          <RunLinks runs={recoverable} />. Without the version they can be{' '}
          <Anchor component={Link} to="/recovery" size="sm" underline="always">
            recovered
          </Anchor>{' '}
          no more.
        </Alert>
      )}
    </>
  );
}
