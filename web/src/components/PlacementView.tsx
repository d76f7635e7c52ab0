import { Stack, Table, Text } from '@mantine/core';

import type { Candidate, Placement } from '../data/placement';
import { Stars } from './Stars';

/** Shows why a run was placed where it was: every candidate with its rating, or why it was refused. */
export function PlacementView({ placement }: { placement: Placement }) {
  return (
    <Stack gap="xs">
      <Text>{placement.reason}</Text>
      <Table.ScrollContainer minWidth={560}>
        <Table aria-label="Candidates">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Server</Table.Th>
              <Table.Th>Rating</Table.Th>
              <Table.Th>Slots</Table.Th>
              <Table.Th>Penalties, or why it was refused</Table.Th>
              <Table.Th>Sample</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {placement.candidates.map((candidate) => (
              <CandidateRow
                key={candidate.server}
                candidate={candidate}
                chosen={candidate.server === placement.chosen}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

function CandidateRow({ candidate, chosen }: { candidate: Candidate; chosen: boolean }) {
  const refused = candidate.refusal !== null;
  return (
    <Table.Tr
      {...(refused ? { c: 'dimmed' } : {})}
      {...(chosen ? { bg: 'var(--mantine-primary-color-light)' } : {})}
    >
      <Table.Td fw={chosen ? 600 : 400}>
        {candidate.server}
        {chosen && ' (chosen)'}
      </Table.Td>
      <Table.Td>
        <Stars rating={candidate.rating} />
      </Table.Td>
      <Table.Td className="number">
        {candidate.slotsUsed}/{candidate.slots}
      </Table.Td>
      <Table.Td>{candidate.refusal ?? penalties(candidate)}</Table.Td>
      <Table.Td className="number">
        {candidate.sampleAge === null ? '–' : `${candidate.sampleAge.toFixed(1)} s old`}
      </Table.Td>
    </Table.Tr>
  );
}

/** Below this a penalty does not show in the rating. */
const leastPenalty = 0.05;

/** Names the terms that lower the rating, the heaviest first. */
export function penalties(candidate: Pick<Candidate, 'terms'>): string {
  const costly = candidate.terms
    .filter((term) => term.penalty >= leastPenalty)
    .sort((a, b) => b.penalty - a.penalty);
  if (costly.length === 0) return 'none';
  return costly
    .map((term) => `${term.indicator} ${Number(term.value.toPrecision(3))} (${term.penalty.toFixed(1)})`)
    .join(', ');
}
