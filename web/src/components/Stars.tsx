import { HoverCard, Stack, Text } from '@mantine/core';
import { useId } from 'react';

import type { Rating, Term } from '../data/placement';
import classes from './Stars.module.css';
import { TermBars } from './TermBars';

const star = 'M7 .8l1.9 3.9 4.3.6-3.1 3 .7 4.3L7 10.6l-3.8 2 .7-4.3-3.1-3 4.3-.6z';

/** Shows a rating as stars and as points of 100; on hovering, what it is made of. */
export function Stars({
  rating,
  terms,
  small = false,
}: {
  rating: Rating | null;
  terms?: readonly Term[];
  small?: boolean;
}) {
  if (!rating) {
    return (
      <Text c="dimmed" component="span" size="sm" title="No sample has come in yet">
        –
      </Text>
    );
  }
  const points = rating.points.toFixed(1);
  const shown = (
    <span
      className={classes.stars}
      role="img"
      aria-label={`rated ${points} of 100, ${rating.stars} of 5 stars`}
    >
      <StarRow stars={rating.stars} size={small ? 11 : 14} />
      <Text component="span" size={small ? 'xs' : 'sm'} className="number">
        {points}
      </Text>
    </span>
  );
  if (!terms || terms.length === 0) return shown;
  return (
    <HoverCard withRoles={false} width={320} openDelay={250} shadow="md" withinPortal>
      <HoverCard.Target>{shown}</HoverCard.Target>
      <HoverCard.Dropdown>
        <Stack gap={6}>
          <Text size="sm" fw={600}>
            {points} of 100
          </Text>
          <TermBars terms={terms} />
        </Stack>
      </HoverCard.Dropdown>
    </HoverCard>
  );
}

/** Five stars, some of them full, in halves. */
function StarRow({ stars, size }: { stars: number; size: number }) {
  const clip = useId();
  return (
    <svg className={classes.row} width={size * 5 + 4} height={size} viewBox="0 0 74 14" aria-hidden>
      <clipPath id={clip}>
        <rect width={stars * 15} height={14} />
      </clipPath>
      {[0, 1, 2, 3, 4].map((i) => (
        <path key={i} d={star} transform={`translate(${i * 15} 0)`} className={classes.empty} />
      ))}
      <g clipPath={`url(#${clip})`}>
        {[0, 1, 2, 3, 4].map((i) => (
          <path key={i} d={star} transform={`translate(${i * 15} 0)`} className={classes.full} />
        ))}
      </g>
    </svg>
  );
}
