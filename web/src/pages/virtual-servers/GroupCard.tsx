import { ActionIcon, Badge, Group, Text, Title, Tooltip, UnstyledButton } from '@mantine/core';
import { useDraggable, useDroppable } from '@dnd-kit/react';
import { IconPencil } from '@tabler/icons-react';
import { Fragment, memo, useState } from 'react';

import { Stars } from '../../components/Stars';
import { StateBadge } from '../../components/StateBadge';
import { useMay } from '../../data/permissions';
import type { Rating, Term } from '../../data/placement';
import type { Server } from '../../data/servers';
import type { ServerState } from '../../data/states';
import type { Effect, VirtualServer } from '../../data/virtualServers';
import { useCarry } from './carry';
import { Ghost } from './Ghost';
import { Handle } from './Handle';
import { MoveMenu } from './MoveMenu';
import type { KeyHandler } from './ServerPane';
import type { Mover } from './useMover';
import { moveOf } from './useKeyboardCarry';
import classes from './VirtualServers.module.css';

/** More members than that are shown only when one asks for them. */
const membersShown = 24;

interface GroupCardProps {
  group: VirtualServer;
  groups: VirtualServer[];
  servers: ReadonlyMap<string, Server>;
  /** What it can take now and where its next run would go; undefined until that is known. */
  standing: Effect | undefined;
  /** Whether the page was opened for this group. */
  wanted: boolean;
  move: Mover;
  onKey: KeyHandler;
  edit: (group: VirtualServer) => void;
}

/** One virtual server: what it can take, its members, and a place to drop servers on. */
export const GroupCard = memo(function GroupCard(props: GroupCardProps) {
  const { group, groups, standing, wanted, edit } = props;
  const may = useMay();
  const { ref } = useDroppable({ id: group.name });
  const carried = useCarry((all) => (all?.over?.group === group.name ? all : null));
  const move = carried && moveOf(carried);
  return (
    <article
      ref={(element) => {
        ref(element);
        if (wanted) element?.scrollIntoView({ block: 'center' });
      }}
      className={`panel ${classes.card}`}
      aria-label={group.name}
      data-drop={group.name}
      data-over={carried ? true : undefined}
      data-shown={wanted || undefined}
    >
      <Group justify="space-between" wrap="nowrap" gap="sm" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Group gap="xs">
            <Title order={2} size="h5">
              {group.name}
            </Title>
            <Badge variant="default" tt="none" fw={500}>
              {group.selection}
            </Badge>
            {!group.active && (
              <Badge variant="outline" color="gray" tt="none">
                takes no runs
              </Badge>
            )}
            <Standing group={group} standing={standing} />
          </Group>
          {group.description !== '' && (
            <Text size="sm" c="dimmed">
              {group.description}
            </Text>
          )}
        </div>
        {may('virtual-server.edit') && (
          <Tooltip label="Selection, rating and more">
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Edit ${group.name}`}
              onClick={() => edit(group)}
            >
              <IconPencil size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </Group>
      <Members {...props} place={carried?.over?.position ?? null} />
      {standing && standing.placement.candidates.length > 0 && (
        <Text size="xs" c="dimmed" mt={6}>
          {nextText(standing)}
        </Text>
      )}
      {move && <Ghost groups={groups} move={move} />}
    </article>
  );
});

/** Says where the next run would go. */
export function nextText({ placement, queued, queuedMore }: Effect): string {
  const waiting = queued === 0 ? '' : ` · ${queued}${queuedMore ? ' or more' : ''} waiting`;
  if (placement.chosen === null) return `A run would wait: ${placement.reason}${waiting}`;
  const reason = placement.reason.replace(`${placement.chosen} was chosen: `, '');
  return `The next run would go to ${placement.chosen}: ${reason}${waiting}`;
}

function Standing({ group, standing }: { group: VirtualServer; standing: Effect | undefined }) {
  if (!standing) return null;
  const { taking, slots, used } = standing.after;
  return (
    <Text size="sm" c="dimmed" className="number">
      {taking} of {group.members.length} take runs · {used}/{slots} slots
    </Text>
  );
}

function Members(props: GroupCardProps & { place: number | null }) {
  const { group, groups, servers, place, standing, move, onKey } = props;
  const [all, setAll] = useState(false);
  const ordered = group.selection === 'priority';
  const shown = all ? group.members : group.members.slice(0, membersShown);
  const verdicts = new Map(standing?.placement.candidates.map((candidate) => [candidate.server, candidate]));
  const chip = (name: string, i: number) => {
    const server = servers.get(name);
    const verdict = verdicts.get(name);
    return (
      <MemberChip
        name={name}
        group={group}
        groups={groups}
        place={ordered ? i + 1 : null}
        state={server?.state ?? 'online'}
        rating={verdict?.rating ?? server?.rating ?? null}
        terms={verdict?.terms ?? noTerms}
        move={move}
        onKey={onKey}
      />
    );
  };
  return (
    <div className={classes.members} role="list" aria-label={`Members of ${group.name}`}>
      {shown.map((name, i) => (
        <Fragment key={name}>
          {place === i && <span className={classes.mark} aria-hidden />}
          {chip(name, i)}
        </Fragment>
      ))}
      {place === group.members.length && ordered && <span className={classes.mark} aria-hidden />}
      {group.members.length === 0 && (
        <Text size="sm" c="dimmed" role="listitem">
          No members yet: drop servers here.
        </Text>
      )}
      {group.members.length > membersShown && (
        <div role="listitem">
          <UnstyledButton fz="sm" c="var(--quiet)" p={6} onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `and ${group.members.length - membersShown} more`}
          </UnstyledButton>
        </div>
      )}
    </div>
  );
}

const noTerms: Term[] = [];

interface MemberChipProps extends Pick<GroupCardProps, 'group' | 'groups' | 'move' | 'onKey'> {
  name: string;
  /** Its place where the order counts, from 1. */
  place: number | null;
  state: ServerState;
  rating: Rating | null;
  /** What the rating is made of. */
  terms: Term[];
}

/** Samples come all the time, and most change nothing that is seen: then the chip is not drawn anew. */
function looksTheSame(before: MemberChipProps, now: MemberChipProps): boolean {
  const { rating, terms, ...others } = now;
  return (
    before.rating?.points === rating?.points &&
    before.rating?.stars === rating?.stars &&
    before.terms.length === terms.length &&
    before.terms.every(({ penalty }, i) => penalty === terms[i]?.penalty) &&
    (Object.keys(others) as (keyof typeof others)[]).every((key) => before[key] === others[key])
  );
}

const MemberChip = memo(function MemberChip({
  name,
  group,
  groups,
  place,
  state,
  rating,
  terms,
  move,
  onKey,
}: MemberChipProps) {
  const may = useMay()('virtual-server.group');
  const { ref } = useDraggable({
    id: `member/${group.name}/${name}`,
    data: { server: name, from: group.name },
    disabled: !may,
  });
  const carried = useCarry((all) => all?.from === group.name && all.servers.includes(name));
  const weight = group.selection === 'weighted' ? (group.weights[name] ?? 1) : null;
  return (
    <div
      ref={ref}
      role="listitem"
      className={classes.chip}
      data-member={name}
      data-carried={carried || undefined}
    >
      {may && <Handle name={name} onKey={(event) => onKey(event, [name], group.name)} />}
      {place !== null && <span className={`${classes.place} number`}>{place}.</span>}
      <Text component="span" size="sm" fw={500}>
        {name}
      </Text>
      {weight !== null && <span className={`${classes.place} number`}>×{weight}</span>}
      {state === 'online' ? <Stars rating={rating} terms={terms} small /> : <StateBadge state={state} />}
      {may && <MoveMenu server={name} servers={[name]} from={group.name} groups={groups} move={move} />}
    </div>
  );
}, looksTheSame);
