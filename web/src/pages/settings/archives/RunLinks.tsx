import { Anchor, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';

import type { SomeRuns } from '../../../data/archives';

/** Leads to runs by their ids. */
export function RunLinks({ runs: { count, newest } }: { runs: SomeRuns }) {
  if (count === 0) {
    return (
      <Text size="sm" c="dimmed" component="span">
        none
      </Text>
    );
  }
  const more = count - newest.length;
  return (
    <>
      {newest.map((id, i) => (
        <Fragment key={id}>
          {i > 0 && ', '}
          <Anchor component={Link} to={`/runs/${id}`} size="sm" underline="always" className="number">
            {id}
          </Anchor>
        </Fragment>
      ))}
      {more > 0 && ` and ${more.toLocaleString()} more`}
    </>
  );
}
