import { Anchor, Button, Table, Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { Answer } from '../../../components/Answer';
import { useUploads } from '../../../components/archives/useUploads';
import { archives as archivesQuery } from '../../../data/archives';
import type { ArchiveSummary } from '../../../data/archives';
import { useMay } from '../../../data/permissions';
import { Nothing } from '../Nothing';
import { SettingsPage } from '../SettingsPage';
import { counted } from '../Settings';
import { TaskLinks } from './TaskLinks';
import { VersionCells } from './VersionCells';

/** All archives with their newest versions, and the way to a new one. */
export function Archives() {
  const query = useQuery(archivesQuery);
  const may = useMay();
  const navigate = useNavigate();
  const { begin, part } = useUploads({
    drop: may('archive.upload'),
    uploaded: ({ archive }) => void navigate({ to: `/settings/archives/${encodeURIComponent(archive)}` }),
  });
  const upload = may('archive.upload') && (
    <Button size="xs" leftSection={<IconUpload size={15} aria-hidden />} onClick={begin}>
      Upload an archive
    </Button>
  );
  return (
    <SettingsPage
      title="Archives"
      about="Packages of jobs, in versions whose content never changes. Every job server that runs one fetches it by itself."
      actions={upload}
    >
      <Answer
        query={query}
        what="The archives"
        empty={{ when: (all) => all.length === 0, text: <NoArchives upload={upload} /> }}
      >
        {(all) => <Rows archives={all} />}
      </Answer>
      {part}
    </SettingsPage>
  );
}

function NoArchives({ upload }: { upload: ReactNode }) {
  return (
    <Nothing action={upload}>
      There is no archive yet. An archive is a zip or tar.gz with a program and what belongs to it, such as a
      job that Talend has exported: upload it here, or drop it on this page. Then make{' '}
      <Anchor component={Link} to="/tasks/~new" underline="always">
        a task
      </Anchor>{' '}
      whose job is of the kind archive, and run it.
    </Nothing>
  );
}

function Rows({ archives }: { archives: ArchiveSummary[] }) {
  return (
    <div className="panel" style={{ overflowX: 'auto' }}>
      <Table aria-label="Archives" className="cards" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Latest version</Table.Th>
            <Table.Th>Size</Table.Th>
            <Table.Th>Started by</Table.Th>
            <Table.Th>Uploaded</Table.Th>
            <Table.Th>Tasks</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {archives.map((archive) => (
            <Row key={archive.name} archive={archive} />
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Row({ archive: { name, versions, newest, tasks } }: { archive: ArchiveSummary }) {
  return (
    <Table.Tr>
      <Table.Td miw={140}>
        <Anchor
          component={Link}
          to={`/settings/archives/${encodeURIComponent(name)}`}
          fw={600}
          size="sm"
          style={{ overflowWrap: 'anywhere' }}
        >
          {name}
        </Anchor>
      </Table.Td>
      <Table.Td miw={110}>
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {newest.version}
        </Text>
        <Text size="xs" c="dimmed">
          {counted(versions, 'version')}
        </Text>
      </Table.Td>
      <VersionCells version={newest} />
      <Table.Td miw={140}>
        <TaskLinks tasks={tasks} />
      </Table.Td>
    </Table.Tr>
  );
}
