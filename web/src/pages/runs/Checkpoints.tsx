import { ActionIcon, Badge, Button, Table, Text, Tooltip } from '@mantine/core';
import { IconArrowBackUpDouble, IconDownload } from '@tabler/icons-react';
import { useState } from 'react';

import { Empty } from '../../components/Answer';
import { Instant } from '../../components/instants';
import { contentAddress } from '../../data/checkpoints';
import { useMay } from '../../data/permissions';
import { possible } from '../../data/runActions';
import type { Run } from '../../data/runs';
import { bytes } from '../../data/sizes';
import { Confirm } from './RunActions';

/** The checkpoints of a run, the newest first, to download and to go on from. */
export function Checkpoints({ run }: { run: Run }) {
  const may = useMay();
  const [chosen, setChosen] = useState<number | null>(null);
  if (run.checkpoints.length === 0) {
    return (
      <Empty>
        It has no checkpoint yet. A job of steps makes one after each step; any other job with{' '}
        <code>jobserver checkpoint NAME FILE…</code>
      </Empty>
    );
  }
  const recoverable = possible(run).recover && may('run.recover');
  const taken = new Map(run.attempts.map((a) => [a.resumedFrom, a.number]));
  return (
    <>
      <Table.ScrollContainer minWidth={560}>
        <Table aria-label="Checkpoints">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Number</Table.Th>
              <Table.Th>Name</Table.Th>
              <Table.Th>Attempt</Table.Th>
              <Table.Th>Made</Table.Th>
              <Table.Th>Size</Table.Th>
              <Table.Th />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {[...run.checkpoints].reverse().map((c) => (
              <Table.Tr key={c.sequence}>
                <Table.Td className="number">{c.sequence}</Table.Td>
                <Table.Td>
                  <Text size="sm" component="span" style={{ overflowWrap: 'anywhere' }}>
                    {c.name}
                  </Text>{' '}
                  {c.label !== '' && (
                    <Badge size="sm" variant="light" tt="none">
                      kept: {c.label}
                    </Badge>
                  )}
                  {taken.has(c.sequence) && (
                    <Text size="xs" c="dimmed">
                      taken over by attempt {taken.get(c.sequence)}
                    </Text>
                  )}
                  {c.instructions !== '' && <Text size="sm">{c.instructions}</Text>}
                </Table.Td>
                <Table.Td className="number">{c.attempt}</Table.Td>
                <Table.Td>
                  <Instant at={c.createdAt} row />
                </Table.Td>
                <Table.Td className="number">{bytes(c.size)}</Table.Td>
                <Table.Td>
                  <div style={{ display: 'flex', gap: 6, justifyContent: 'flex-end' }}>
                    <Tooltip label="Download its files, a tar archive">
                      <ActionIcon
                        component="a"
                        href={contentAddress(run.id, c.sequence)}
                        download
                        variant="subtle"
                        color="gray"
                        aria-label={`Download checkpoint ${c.sequence}`}
                      >
                        <IconDownload size={16} />
                      </ActionIcon>
                    </Tooltip>
                    {recoverable && (
                      <Button
                        size="compact-sm"
                        variant="default"
                        leftSection={<IconArrowBackUpDouble size={14} />}
                        onClick={() => setChosen(c.sequence)}
                        aria-label={`Recover from checkpoint ${c.sequence}`}
                      >
                        Recover
                      </Button>
                    )}
                  </div>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {chosen !== null && (
        <Confirm run={run} intent="recover" checkpoint={chosen} close={() => setChosen(null)} />
      )}
    </>
  );
}
