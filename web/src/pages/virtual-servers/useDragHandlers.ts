import { PointerSensor } from '@dnd-kit/react';
import type { DragDropEventHandlers } from '@dnd-kit/react';
import { Accessibility, PointerActivationConstraints, defaultPreset } from '@dnd-kit/dom';
import { useContext } from 'react';

import type { VirtualServer } from '../../data/virtualServers';
import { Carrying, dropPlace } from './carry';
import type { Over } from './carry';
import { Selecting } from './selecting';
import { moveOf } from './useKeyboardCarry';
import type { Mover } from './useMover';

/** A mouse drags once it has moved a little, a finger once it has rested: else one could not scroll. */
const activation = (event: PointerEvent) =>
  event.pointerType === 'touch'
    ? [new PointerActivationConstraints.Delay({ value: 220, tolerance: 8 })]
    : [new PointerActivationConstraints.Distance({ value: 5 })];

/** Pointers alone: the keyboard goes from group to group (useKeyboardCarry), and says so itself. */
export const dragSetup = {
  sensors: [PointerSensor.configure({ activationConstraints: activation })],
  plugins: defaultPreset.plugins.filter((plugin) => plugin !== Accessibility),
};

interface DragData {
  server: string;
  from: string | null;
}

/** Returns what happens while a pointer carries servers. */
export function useDragHandlers(
  groups: readonly VirtualServer[],
  move: Mover,
): Partial<DragDropEventHandlers> {
  const store = useContext(Carrying);
  const { with: withSelected } = useContext(Selecting);

  const overAt = (target: string | undefined, x: number, y: number): Over | null => {
    if (target === undefined) return null;
    const group = groups.find(({ name }) => name === target);
    const position = group?.selection === 'priority' ? positionAt(target, x, y) : null;
    return { group: target, position };
  };

  return {
    onDragStart: ({ operation }) => {
      const { server, from } = operation.source?.data as DragData;
      const left = operation.source?.element?.getBoundingClientRect().left ?? 0;
      const grip = operation.position.initial.x - left;
      store.lift(from === null ? withSelected(server) : [server], from, 'pointer', { grip });
    },
    onDragMove: ({ operation, to }) => {
      const { x, y } = to ?? operation.position.current;
      store.hold(overAt(operation.target?.id.toString(), x, y));
    },
    onDragOver: ({ operation }) => {
      const { x, y } = operation.position.current;
      store.hold(overAt(operation.target?.id.toString(), x, y));
    },
    onDragEnd: ({ canceled }) => {
      const carried = store.end();
      const wanted = carried && !canceled ? moveOf(carried) : null;
      // A drop where it came from changes nothing, unless the place counts.
      if (wanted && (wanted.to !== wanted.from || wanted.position !== null)) void move(wanted);
    },
  };
}

/** Returns the place among the members of a group that a point is at: before the first member whose middle lies after it. */
function positionAt(group: string, x: number, y: number): number {
  const chips = [...(dropPlace(group)?.querySelectorAll('[data-member]') ?? [])].map((chip) =>
    chip.getBoundingClientRect(),
  );
  return placeAmong(chips, x, y);
}

/** Returns the place of a point among boxes that flow in lines. */
export function placeAmong(
  boxes: readonly Pick<DOMRect, 'left' | 'width' | 'top' | 'bottom'>[],
  x: number,
  y: number,
): number {
  const next = boxes.findIndex(
    ({ left, width, top, bottom }) => y < top || (y <= bottom && x < left + width / 2),
  );
  return next < 0 ? boxes.length : next;
}
