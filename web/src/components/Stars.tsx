import { Group, Rating as MantineRating, Text } from '@mantine/core';

import type { Rating } from '../data/placement';

/** Shows a rating as stars and as points of 100. */
export function Stars({ rating }: { rating: Rating | null }) {
  if (!rating) {
    return (
      <Text c="dimmed" component="span" title="No sample has come in yet">
        –
      </Text>
    );
  }
  const points = rating.points.toFixed(1);
  return (
    <Group gap={6} wrap="nowrap" role="img" aria-label={`rated ${points} of 100, ${rating.stars} of 5 stars`}>
      <MantineRating value={rating.stars} fractions={2} readOnly size="xs" aria-hidden />
      <Text component="span" size="sm" className="number">
        {points}
      </Text>
    </Group>
  );
}
