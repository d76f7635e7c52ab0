import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { Hovering } from '../../components/Hovering';
import { Stars } from '../../components/Stars';
import { TermBars } from '../../components/TermBars';
import type { Rating } from '../../data/placement';
import type { Server } from '../../data/servers';
import { effectOfDrafts, emptyDraft } from '../../data/virtualServers';

/** A group of this one server, for asking how it is rated. */
const alone = (server: string) => [{ ...emptyDraft, name: 'rating-of-one', members: [server] }];

/** The rating of a server; on hovering, the terms that it is made of, asked for then. */
export function ServerStars({ server: { name, rating } }: { server: Pick<Server, 'name' | 'rating'> }) {
  if (!rating) return <Stars rating={null} />;
  return (
    <Hovering card={() => <Terms server={name} rating={rating} />}>
      <Stars rating={rating} />
    </Hovering>
  );
}

function Terms({ server, rating }: { server: string; rating: Rating }) {
  const query = useQuery(effectOfDrafts(alone(server)));
  return (
    <Stack gap={6}>
      <Text size="sm">
        Rated {rating.points.toFixed(1)} of 100 by the preset recommended, for a run of one core
      </Text>
      {query.data ? (
        <TermBars terms={query.data[0]?.placement.candidates[0]?.terms ?? []} />
      ) : (
        <Text size="sm">{query.isError ? query.error.message : '…'}</Text>
      )}
    </Stack>
  );
}
