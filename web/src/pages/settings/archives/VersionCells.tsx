import { Table, Text } from '@mantine/core';

import { startWords } from '../../../components/archives/words';
import { Ago } from '../../../components/instants';
import type { ArchiveVersion } from '../../../data/archives';
import { bytes } from '../../../data/sizes';
import { counted } from '../Settings';

/** The cells of a table that say of a version its size, what it is started by, and when it came and from whom. */
export function VersionCells({ version }: { version: ArchiveVersion }) {
  return (
    <>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Text size="sm" className="number">
          {bytes(version.size)}
        </Text>
        <Text size="xs" c="dimmed" className="number">
          {counted(version.files, 'file')}
        </Text>
      </Table.Td>
      <Table.Td miw={140}>
        <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
          {startWords(version)}
        </Text>
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Text size="sm" component="div">
          <Ago at={version.uploadedAt} row />
        </Text>
        <Text size="xs" c="dimmed">
          by {version.uploadedBy}
        </Text>
      </Table.Td>
    </>
  );
}
