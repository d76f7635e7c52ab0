import { ActionIcon, Badge, Group, Table, Text } from '@mantine/core';
import { IconChevronDown, IconChevronRight, IconDownload, IconTrash } from '@tabler/icons-react';
import { Fragment } from 'react';

import { contentAddress } from '../../../data/archives';
import type { Archive, ArchiveVersion } from '../../../data/archives';
import { useMay } from '../../../data/permissions';
import { TaskLinks } from './TaskLinks';
import { VersionCells } from './VersionCells';
import { VersionDetails } from './VersionDetails';

interface VersionTableProps {
  archive: Archive;
  /** The version of which more is shown, or an empty text. */
  shown: string;
  show: (version: string) => void;
  remove: (version: ArchiveVersion) => void;
}

/** The versions of an archive, the newest first; each can be opened for more. */
export function VersionTable({ archive, shown, show, remove }: VersionTableProps) {
  return (
    <Table aria-label="Versions">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Version</Table.Th>
          <Table.Th>Size</Table.Th>
          <Table.Th>Started by</Table.Th>
          <Table.Th>Uploaded</Table.Th>
          <Table.Th>Tasks that name it</Table.Th>
          <Table.Th aria-label="Actions" />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {archive.versions.map((version, i) => (
          <Fragment key={version.version}>
            <Row
              version={version}
              newest={i === 0}
              tasks={archive.uses.filter((use) => use.version === version.version).map(({ task }) => task)}
              open={shown === version.version}
              show={show}
              remove={remove}
            />
            {shown === version.version && (
              <Table.Tr>
                <Table.Td colSpan={6} id={detailsId(version)}>
                  <VersionDetails version={version} />
                </Table.Td>
              </Table.Tr>
            )}
          </Fragment>
        ))}
      </Table.Tbody>
    </Table>
  );
}

const detailsId = ({ version }: ArchiveVersion) => `details-${version}`;

interface RowProps extends Omit<VersionTableProps, 'archive' | 'shown'> {
  version: ArchiveVersion;
  newest: boolean;
  tasks: string[];
  open: boolean;
}

function Row({ version: stored, newest, tasks, open, show, remove }: RowProps) {
  const may = useMay();
  const { version } = stored;
  return (
    <Table.Tr>
      <Table.Td miw={150}>
        <Group gap={6} wrap="nowrap">
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={`More about version ${version}`}
            aria-expanded={open}
            aria-controls={open ? detailsId(stored) : undefined}
            onClick={() => show(open ? '' : version)}
          >
            {open ? <IconChevronDown size={16} /> : <IconChevronRight size={16} />}
          </ActionIcon>
          <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
            {version}
          </Text>
          {newest && (
            <Badge size="sm" variant="default" tt="none" style={{ flexShrink: 0 }}>
              latest
            </Badge>
          )}
        </Group>
      </Table.Td>
      <VersionCells version={stored} />
      <Table.Td miw={130}>
        <TaskLinks tasks={tasks} />
      </Table.Td>
      <Table.Td>
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <ActionIcon
            component="a"
            href={contentAddress(stored)}
            download
            variant="subtle"
            color="gray"
            aria-label={`Download version ${version}`}
          >
            <IconDownload size={16} />
          </ActionIcon>
          {may('archive.delete') && (
            <ActionIcon
              variant="subtle"
              color="red"
              aria-label={`Delete version ${version}…`}
              onClick={() => remove(stored)}
            >
              <IconTrash size={16} />
            </ActionIcon>
          )}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
