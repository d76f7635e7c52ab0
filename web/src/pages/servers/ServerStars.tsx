import { HoverCard, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { Stars } from '../../components/Stars';
import { TermBars } from '../../components/TermBars';
import type { Server } from '../../data/servers';
import { effectOfDrafts, emptyDraft } from '../../data/virtualServers';

/** A group of this one server, for asking how it is rated. */
const alone = (server: string) => [{ ...emptyDraft, name: 'rating-of-one', members: [server] }];

/** The rating of a server; on hovering or focus, the terms that it is made of, asked for then. */
export function ServerStars({ server }: { server: Server }) {
  const [opened, setOpened] = useState(false);
  const query = useQuery({
    ...effectOfDrafts(alone(server.name)),
    enabled: opened && server.rating !== null,
  });
  if (!server.rating) return <Stars rating={null} />;
  const terms = query.data?.[0]?.placement.candidates[0]?.terms ?? [];
  return (
    <HoverCard
      withRoles={false}
      width={320}
      openDelay={200}
      shadow="md"
      withinPortal
      onOpen={() => setOpened(true)}
    >
      <HoverCard.Target>
        <span>
          <Stars rating={server.rating} />
        </span>
      </HoverCard.Target>
      <HoverCard.Dropdown>
        <Stack gap={6}>
          <Text size="sm">
            Rated {server.rating.points.toFixed(1)} of 100 by the preset recommended, for a run of one core
          </Text>
          {query.isPending ? <Text size="sm">…</Text> : <TermBars terms={terms} />}
        </Stack>
      </HoverCard.Dropdown>
    </HoverCard>
  );
}
