import { useDraggable } from '@dnd-kit/react';
import { memo } from 'react';

import { Stars } from '../../components/Stars';
import { StateBadge } from '../../components/StateBadge';
import { useMay } from '../../data/permissions';
import { useCarry } from './carry';
import { Handle } from './Handle';
import type { Member } from './members';
import { MoveMenu } from './MoveMenu';
import type { KeyHandler } from './useKeyboardCarry';
import type { Mover } from './useMover';
import classes from './VirtualServers.module.css';

interface MemberChipProps {
  group: string;
  member: Member;
  /** Its place where the order counts, from 1. */
  place: number | null;
  /** Its weight where that counts. */
  weight: number | null;
  move: Mover;
  onKey: KeyHandler;
}

/** A member of a group: how it is, and what it is dragged by. There may be hundreds, so that it is made of little. */
export const MemberChip = memo(function MemberChip({
  group,
  member: { name, state, rating, terms },
  place,
  weight,
  move,
  onKey,
}: MemberChipProps) {
  const may = useMay()('virtual-server.group');
  const { ref } = useDraggable({
    id: `member/${group}/${name}`,
    data: { server: name, from: group },
    disabled: !may,
  });
  const carried = useCarry((all) => all?.from === group && all.servers.includes(name));
  return (
    <div
      ref={ref}
      role="listitem"
      className={classes.chip}
      data-member={name}
      data-carried={carried || undefined}
    >
      {may && <Handle name={name} onKey={(event) => onKey(event, [name], group)} />}
      {place !== null && <span className={`${classes.place} number`}>{place}.</span>}
      <span className={classes.member}>{name}</span>
      {weight !== null && <span className={`${classes.place} number`}>×{weight}</span>}
      {state === 'online' ? <Stars rating={rating} terms={terms} small /> : <StateBadge state={state} />}
      {may && <MoveMenu server={name} from={group} move={move} />}
    </div>
  );
});
