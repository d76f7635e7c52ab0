import { Alert, Group, Stack, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';

import { Stars } from '../../components/Stars';
import { TermBars } from '../../components/TermBars';
import type { Candidate } from '../../data/placement';
import { effectOfDrafts } from '../../data/virtualServers';
import type { Draft, VirtualServer } from '../../data/virtualServers';

/** One stops typing for so long before the members are ranked anew. */
const typingMs = 150;

/** A name that a new group can be previewed under before it has one. */
const nameless = 'new';

/** Shows how the members would be ranked by a draft, by the numbers as they are now. */
export function RatingPreview({ group, draft }: { group: VirtualServer | null; draft: Draft }) {
  const [settled] = useDebouncedValue(draft, typingMs);
  const named = settled.name === '' ? { ...settled, name: nameless } : settled;
  const query = useQuery({
    ...effectOfDrafts([named]),
    enabled: draft.members.length > 0,
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const stored = useQuery({ ...effectOfDrafts(group ? [group] : []), enabled: group !== null }).data?.[0];
  const ranks = new Map(stored?.placement.candidates.map(({ server }, rank) => [server, rank]));
  const placement = query.data?.[0]?.placement;
  return (
    <section aria-label="Members as they would be ranked now">
      <Title order={3} size="h6" mb={4}>
        Members, as they would be ranked now
      </Title>
      {draft.members.length === 0 && (
        <Text size="sm" c="dimmed">
          It has no members yet. Once it has, they are ranked here while you type.
        </Text>
      )}
      {query.isError && (
        <Alert color="red" mb="xs">
          {query.error.message}
        </Alert>
      )}
      {placement && draft.members.length > 0 && (
        <>
          <Text size="sm" c="dimmed" mb="xs">
            {placement.reason}
          </Text>
          <Stack gap="xs" role="list">
            {placement.candidates.map((candidate, rank) => (
              <Ranked
                key={candidate.server}
                candidate={candidate}
                rank={rank}
                was={ranks.get(candidate.server) ?? null}
                chosen={candidate.server === placement.chosen}
              />
            ))}
          </Stack>
        </>
      )}
    </section>
  );
}

interface RankedProps {
  candidate: Candidate;
  rank: number;
  /** Its rank by what is stored; null where that is not known. */
  was: number | null;
  chosen: boolean;
}

function Ranked({ candidate, rank, was, chosen }: RankedProps) {
  const moved = was === null ? 0 : was - rank;
  return (
    <div
      role="listitem"
      className="panel"
      data-rank={rank + 1}
      style={{
        padding: '8px 12px',
        ...(chosen ? { borderColor: 'var(--mantine-primary-color-filled)' } : {}),
      }}
    >
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600} className="number">
          {rank + 1}. {candidate.server}{' '}
          {moved > 0 && <IconArrowUp size={14} aria-label={`${moved} up`} color="var(--tone-ok)" />}
          {moved < 0 && <IconArrowDown size={14} aria-label={`${-moved} down`} color="var(--tone-warn)" />}
        </Text>
        <Stars rating={candidate.rating} />
      </Group>
      {candidate.refusal !== null && (
        <Text size="xs" c="dimmed">
          It {candidate.refusal}.
        </Text>
      )}
      <TermBars terms={candidate.terms} />
    </div>
  );
}
