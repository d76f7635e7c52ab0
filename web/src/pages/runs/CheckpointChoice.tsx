import { Radio, Stack, Text } from '@mantine/core';

import { Instant } from '../../components/instants';
import type { Checkpoint } from '../../data/checkpoints';
import { bytes } from '../../data/sizes';

interface Props {
  /** Oldest first. */
  checkpoints: readonly Checkpoint[];
  chosen: number | null;
  choose: (sequence: number) => void;
}

/** Chooses the checkpoint from which a run goes on: the newest stands first. */
export function CheckpointChoice({ checkpoints, chosen, choose }: Props) {
  return (
    <Radio.Group
      label="Go on from"
      value={String(chosen)}
      onChange={(value) => choose(Number(value))}
      style={{ maxHeight: 320, overflowY: 'auto' }}
    >
      <Stack gap={6} mt={6}>
        {[...checkpoints].reverse().map((c, i) => (
          <Radio.Card
            key={c.sequence}
            value={String(c.sequence)}
            p="xs"
            aria-label={`checkpoint ${c.sequence}`}
          >
            <div style={{ display: 'flex', gap: 10 }}>
              <Radio.Indicator size="sm" mt={2} />
              <div style={{ minWidth: 0 }}>
                <Text size="sm" fw={500}>
                  {c.sequence} · {c.name}
                  {i === 0 && ' (the last)'}
                </Text>
                <Text size="xs" c="dimmed">
                  attempt {c.attempt} · <Instant at={c.createdAt} within /> · {bytes(c.size)}
                </Text>
                {c.instructions !== '' && <Text size="sm">{c.instructions}</Text>}
              </div>
            </div>
          </Radio.Card>
        ))}
      </Stack>
    </Radio.Group>
  );
}
