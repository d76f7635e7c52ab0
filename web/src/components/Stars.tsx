import { Stack, Text } from '@mantine/core';
import { useId } from 'react';

import type { Rating, Term } from '../data/placement';
import { Hovering } from './Hovering';
import classes from './Stars.module.css';
import { TermBars } from './TermBars';

/** The outline of a star whose top is so far right. */
const starAt = (x: number) => `M${x} .8l1.9 3.9 4.3.6-3.1 3 .7 4.3-3.8-2-3.8 2 .7-4.3-3.1-3 4.3-.6z`;
const fiveStars = [7, 22, 37, 52, 67].map(starAt).join('');

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
      <span className={classes.none} title="No sample has come in yet">
        –
      </span>
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
      <span className={`number ${small ? classes.small : ''}`}>{points}</span>
    </span>
  );
  if (!terms || terms.length === 0) return shown;
  const card = () => (
    <Stack gap={6}>
      <Text size="sm" fw={600}>
        {points} of 100
      </Text>
      <TermBars terms={terms} />
    </Stack>
  );
  return <Hovering card={card}>{shown}</Hovering>;
}

/** Five stars, some of them full, in halves. */
function StarRow({ stars, size }: { stars: number; size: number }) {
  const clip = useId();
  return (
    <svg className={classes.row} width={size * 5 + 4} height={size} viewBox="0 0 74 14" aria-hidden>
      <clipPath id={clip}>
        <rect width={stars * 15} height={14} />
      </clipPath>
      <path d={fiveStars} className={classes.empty} />
      <path d={fiveStars} className={classes.full} clipPath={`url(#${clip})`} />
    </svg>
  );
}
