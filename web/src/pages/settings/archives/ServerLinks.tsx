import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';

/** How many job servers are named; the rest is a number. */
const mostServers = 12;

/** Leads to job servers by their names. */
export function ServerLinks({ servers }: { servers: readonly string[] }) {
  const more = servers.length - mostServers;
  return (
    <>
      {servers.slice(0, mostServers).map((name, i) => (
        <Fragment key={name}>
          {i > 0 && ', '}
          <Anchor component={Link} to={`/servers/${encodeURIComponent(name)}`} size="sm" underline="always">
            {name}
          </Anchor>
        </Fragment>
      ))}
      {more > 0 && ` and ${more} more`}
    </>
  );
}
