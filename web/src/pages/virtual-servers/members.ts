// The members of each group as its card shows them: a card is handed nothing of the servers of others.

import type { Rating, Term } from '../../data/placement';
import type { Server } from '../../data/servers';
import type { ServerState } from '../../data/states';
import type { Standing, VirtualServer } from '../../data/virtualServers';

export interface Member {
  name: string;
  state: ServerState;
  /** By the group's own rule where that is known, else by the server's. */
  rating: Rating | null;
  /** What the rating is made of; empty until that is known. */
  terms: readonly Term[];
}

const noTerms: readonly Term[] = [];

/** Returns the members of each group in their order. */
export function membersOf(
  groups: readonly VirtualServer[],
  servers: readonly Server[],
  standing: ReadonlyMap<string, Standing> | undefined,
): Map<string, Member[]> {
  const byName = new Map(servers.map((server) => [server.name, server]));
  const membersOfOne = ({ name: group, members }: VirtualServer) => {
    const verdicts = standing?.get(group)?.verdicts ?? {};
    return members.map((name): Member => {
      const server = byName.get(name);
      const verdict = verdicts[name];
      return {
        name,
        state: server?.state ?? 'online',
        rating: verdict?.rating ?? server?.rating ?? null,
        terms: verdict?.terms ?? noTerms,
      };
    });
  };
  return new Map(groups.map((group) => [group.name, membersOfOne(group)]));
}
