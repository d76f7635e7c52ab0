// Moves of servers onto a group, between groups and out of one: what the groups would be, the requests that make them so,
// and those that take it back. All of it is arithmetic on lists; nothing is asked or changed here.

import type { Draft, VirtualServer } from '../../data/virtualServers';

export interface Move {
  servers: string[];
  /** The group that they leave; null where they are only added. */
  from: string | null;
  /** The group that they join; null where they are only taken out. */
  to: string | null;
  /** Their place among the members as these are now; null for the end, or where they are already. */
  position: number | null;
}

/** A request that changes a group. */
export type Step =
  | { do: 'put'; group: string; server: string; position?: number; weight?: number }
  | { do: 'take'; group: string; server: string }
  | { do: 'arrange'; group: string; members: string[] };

/** Returns the members of a list with some servers put before the one at the position. */
export function withServers(
  members: readonly string[],
  servers: readonly string[],
  position: number | null,
): string[] {
  if (position === null) {
    return [...members, ...servers.filter((server) => !members.includes(server))];
  }
  const before = members.slice(0, position).filter((member) => !servers.includes(member));
  const after = members.slice(position).filter((member) => !servers.includes(member));
  return [...before, ...servers, ...after];
}

/** Returns the groups that a move changes, as they would be. */
export function draftsOf(groups: readonly VirtualServer[], move: Move): VirtualServer[] {
  const changed: VirtualServer[] = [];
  for (const group of groups) {
    let members = group.members;
    if (group.name === move.to) members = withServers(members, move.servers, move.position);
    else if (group.name === move.from) members = members.filter((member) => !move.servers.includes(member));
    if (!sameList(members, group.members)) changed.push({ ...group, members });
  }
  return changed;
}

/** Returns the requests that make a move, such that no server is in no group on the way from one to another. */
export function stepsOf(groups: readonly VirtualServer[], move: Move): Step[] {
  const steps: Step[] = [];
  const drafts = draftsOf(groups, move);
  const to = drafts.find(({ name }) => name === move.to);
  const from = drafts.find(({ name }) => name === move.from && name !== move.to);
  if (to) {
    const [first] = move.servers;
    if (move.position === null) {
      const members = membersOf(groups, to.name);
      const added = move.servers.filter((server) => !members.includes(server));
      steps.push(...added.map((server): Step => ({ do: 'put', group: to.name, server })));
    } else if (move.servers.length === 1 && first !== undefined) {
      steps.push({ do: 'put', group: to.name, server: first, position: to.members.indexOf(first) });
    } else {
      steps.push({ do: 'arrange', group: to.name, members: to.members });
    }
  }
  if (from) {
    const taken = move.servers.filter((server) => membersOf(groups, from.name).includes(server));
    steps.push(...taken.map((server): Step => ({ do: 'take', group: from.name, server })));
  }
  return steps;
}

/** Returns the requests that take a move back, given the groups as they were before it. */
export function inverseOf(groups: readonly VirtualServer[], move: Move): Step[] {
  const steps: Step[] = [];
  for (const draft of draftsOf(groups, move)) {
    const was = groups.find(({ name }) => name === draft.name);
    if (!was) continue;
    for (const [position, server] of was.members.entries()) {
      if (draft.members.includes(server)) continue;
      const weight = was.weights[server];
      steps.push({
        do: 'put',
        group: was.name,
        server,
        position,
        ...(weight === undefined ? {} : { weight }),
      });
    }
    const kept = was.members.filter((server) => draft.members.includes(server));
    if (
      !sameList(
        kept,
        draft.members.filter((server) => was.members.includes(server)),
      )
    ) {
      steps.push({ do: 'arrange', group: was.name, members: was.members });
      continue;
    }
    const added = draft.members.filter((server) => !was.members.includes(server));
    steps.push(...added.map((server): Step => ({ do: 'take', group: was.name, server })));
  }
  return steps;
}

/** Says a move in a few words, such as "js-2, js-3 → reports". */
export function saying(move: Move): string {
  const names = namesOf(move.servers);
  if (move.to === null) return `${names} taken out of ${move.from ?? ''}`;
  if (move.from === move.to) return `${names} moved within ${move.to}`;
  return move.from === null ? `${names} → ${move.to}` : `${names}: ${move.from} → ${move.to}`;
}

/** Writes a list of names that may be long. */
export function namesOf(names: readonly string[], most = 3): string {
  const rest = names.length - most;
  return rest > 0 ? `${names.slice(0, most).join(', ')} and ${rest} more` : names.join(', ');
}

function membersOf(groups: readonly Draft[], name: string): string[] {
  return groups.find((group) => group.name === name)?.members ?? [];
}

export function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
