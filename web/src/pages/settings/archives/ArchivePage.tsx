import { Anchor, Button } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer } from '../../../components/Answer';
import { useUploads } from '../../../components/archives/useUploads';
import { Panel } from '../../../components/Page';
import { useFilter } from '../../../components/useFilter';
import { archive as archiveQuery, latest } from '../../../data/archives';
import type { Archive, ArchiveVersion } from '../../../data/archives';
import { useMay } from '../../../data/permissions';
import { SettingsPage } from '../SettingsPage';
import { DeleteVersion } from './DeleteVersion';
import { TaskLinks } from './TaskLinks';
import { VersionTable } from './VersionTable';

/** An archive: its versions, what uses each of them, and the way to a further one. */
export function ArchivePage() {
  const { name = '' } = useParams({ strict: false });
  const query = useQuery(archiveQuery(name));
  const may = useMay();
  const [shown, setShown] = useFilter('version');
  const { begin, part } = useUploads({
    name,
    drop: may('archive.upload') && query.data !== undefined,
    uploaded: ({ version }) => setShown(version),
  });
  return (
    <SettingsPage
      title={`Archive ${name}`}
      about={
        <Anchor component={Link} to="/settings/archives" size="sm">
          All archives
        </Anchor>
      }
      actions={
        query.data &&
        may('archive.upload') && (
          <Button size="xs" leftSection={<IconUpload size={15} aria-hidden />} onClick={begin}>
            Upload a version
          </Button>
        )
      }
    >
      <Answer query={query} what={`The archive ${name}`}>
        {(read) => <View archive={read} shown={shown} show={setShown} />}
      </Answer>
      {part}
    </SettingsPage>
  );
}

interface ViewProps {
  archive: Archive;
  /** The version of which more is shown, or an empty text. */
  shown: string;
  show: (version: string) => void;
}

function View({ archive, shown, show }: ViewProps) {
  const [leaving, setLeaving] = useState<ArchiveVersion | null>(null);
  const { uses, versions } = archive;
  const ofLatest = uses.filter(({ version }) => version === latest).map(({ task }) => task);
  return (
    <>
      <Panel title="Tasks that run the latest version">
        {ofLatest.length === 0 ? (
          <NoTask name={archive.name} used={uses.length > 0} />
        ) : (
          <TaskLinks tasks={ofLatest} />
        )}
      </Panel>
      <Panel title="Versions" flush>
        <VersionTable archive={archive} shown={shown} show={show} remove={setLeaving} />
      </Panel>
      <DeleteVersion version={leaving} last={versions.length === 1} close={() => setLeaving(null)} />
    </>
  );
}

function NoTask({ name, used }: { name: string; used: boolean }) {
  if (used) return <>None: each of its tasks names a version.</>;
  return (
    <>
      No task runs this archive yet.{' '}
      <Anchor component={Link} to="/tasks/~new" underline="always">
        Make a task
      </Anchor>{' '}
      whose job is of the kind archive, and choose {name}.
    </>
  );
}
