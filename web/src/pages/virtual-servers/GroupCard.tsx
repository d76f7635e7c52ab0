import { ActionIcon, Badge, Text, Title, Tooltip, UnstyledButton } from '@mantine/core';
import { useDroppable } from '@dnd-kit/react';
import { IconPencil } from '@tabler/icons-react';
import { Fragment, memo, useEffect, useState } from 'react';
import type { RefObject } from 'react';

import { useMay } from '../../data/permissions';
import type { Standing, VirtualServer } from '../../data/virtualServers';
import { useCarry } from './carry';
import { Ghost } from './Ghost';
import { MemberChip } from './MemberChip';
import type { Member } from './members';
import { useInSight } from './useInSight';
import { moveOf } from './useKeyboardCarry';
import type { KeyHandler } from './useKeyboardCarry';
import type { Mover } from './useMover';
import { useStill } from './useStill';
import classes from './VirtualServers.module.css';

/** More members than that are shown only when one asks for them. */
const membersShown = 24;

interface GroupCardProps {
  group: VirtualServer;
  members: readonly Member[];
  /** What it can take now and where its next run would go; undefined until that is known. */
  standing: Standing | undefined;
  /** Whether the page was opened for this group. */
  wanted: boolean;
  move: Mover;
  onKey: KeyHandler;
  edit: (group: VirtualServer) => void;
}

/**
 * One virtual server: what it can take, its members, and a place to drop servers on. It is drawn anew where what it shows
 * has changed, and while it is out of sight not at all.
 */
export const GroupCard = memo(function GroupCard(props: GroupCardProps) {
  const [ref, inSight] = useInSight<HTMLElement>();
  const { wanted } = props;
  useEffect(() => {
    if (wanted) ref.current?.scrollIntoView({ block: 'center' });
  }, [wanted, ref]);
  return <Card {...useStill(props, !inSight)} element={ref} />;
});

type CardProps = GroupCardProps & { element: RefObject<HTMLElement | null> };

const Card = memo(function Card({ element, ...props }: CardProps) {
  const { group, standing, wanted, edit } = props;
  useDroppable({ id: group.name, element });
  const carried = useCarry((all) => (all?.over?.group === group.name ? all : null));
  const move = carried && moveOf(carried);
  return (
    <article
      ref={element}
      className={`panel ${classes.card}`}
      aria-label={group.name}
      data-drop={group.name}
      data-over={carried ? true : undefined}
      data-shown={wanted || undefined}
    >
      <div className={classes.head}>
        <Name group={group} />
        {standing && <span className="number">{standingText(standing, group.members.length)}</span>}
        <EditButton group={group} edit={edit} />
      </div>
      {group.description !== '' && <p className={classes.words}>{group.description}</p>}
      <Members {...props} place={carried?.over?.position ?? null} />
      {standing?.next && <p className={classes.words}>{nextText(standing)}</p>}
      {move && <Ghost move={move} />}
    </article>
  );
});

const Name = memo(function Name({ group }: { group: VirtualServer }) {
  return (
    <>
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
    </>
  );
});

const EditButton = memo(function EditButton({ group, edit }: Pick<GroupCardProps, 'group' | 'edit'>) {
  const may = useMay();
  if (!may('virtual-server.edit')) return null;
  return (
    <Tooltip label="Selection, rating and more">
      <ActionIcon
        className={classes.edit}
        variant="subtle"
        color="gray"
        aria-label={`Edit ${group.name}`}
        onClick={() => edit(group)}
      >
        <IconPencil size={16} />
      </ActionIcon>
    </Tooltip>
  );
});

function standingText({ taking, used, slots }: Standing, members: number): string {
  return `${taking} of ${members} take runs · ${used}/${slots} slots`;
}

/** Says where the next run would go. */
export function nextText({ next, queued, queuedMore }: Standing): string {
  const waiting = queued === 0 ? '' : ` · ${queued}${queuedMore ? ' or more' : ''} waiting`;
  if (!next?.chosen) return `A run would wait: ${next?.reason ?? 'there is no member'}${waiting}`;
  const reason = next.reason.replace(`${next.chosen} was chosen: `, '');
  return `The next run would go to ${next.chosen}: ${reason}${waiting}`;
}

type MembersProps = Pick<GroupCardProps, 'group' | 'members' | 'move' | 'onKey'>;

/** The members of a group. The place is where those that are carried would be put, and null where that does not count. */
function Members({ group, members, move, onKey, place }: MembersProps & { place: number | null }) {
  const [all, setAll] = useState(false);
  const ordered = group.selection === 'priority';
  const weighted = group.selection === 'weighted';
  const shown = all ? members : members.slice(0, membersShown);
  return (
    <div className={classes.members} role="list" aria-label={`Members of ${group.name}`}>
      {shown.map((member, i) => (
        <Fragment key={member.name}>
          {place === i && <span className={classes.mark} aria-hidden />}
          <MemberChip
            group={group.name}
            member={member}
            place={ordered ? i + 1 : null}
            weight={weighted ? (group.weights[member.name] ?? 1) : null}
            move={move}
            onKey={onKey}
          />
        </Fragment>
      ))}
      {place === members.length && ordered && <span className={classes.mark} aria-hidden />}
      {members.length === 0 && (
        <Text size="sm" c="dimmed" role="listitem">
          No members yet: drop servers here.
        </Text>
      )}
      {members.length > membersShown && (
        <div role="listitem">
          <UnstyledButton fz="sm" c="var(--quiet)" p={6} onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `and ${members.length - membersShown} more`}
          </UnstyledButton>
        </div>
      )}
    </div>
  );
}
