import { Popover } from '@mantine/core';
import { useCallback, useEffect, useId, useRef, useState } from 'react';
import type { ReactNode } from 'react';

import classes from './Hovering.module.css';

/** A pointer that only passes opens nothing, and one that goes over to the card finds it open. */
const openMs = 200;
const closeMs = 150;

interface HoveringProps {
  /** Makes the card. It is called while the card is on show. */
  card: () => ReactNode;
  children: ReactNode;
}

/**
 * Shows a card while a pointer rests on the content or on the card, upon a tap, and while the content has the focus by
 * keyboard; Esc takes it away. The card and all that it takes are made only then: there may be hundreds on a page.
 */
export function Hovering({ card, children }: HoveringProps) {
  const [opened, setOpened] = useState(false);
  const id = useId();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // A pointer that begins to drag gives the focus as well, and is not meant by that.
  const pressed = useRef(false);
  const soon = useCallback((open: boolean) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpened(open), open ? openMs : closeMs);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (!opened) return undefined;
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && setOpened(false);
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [opened]);
  return (
    // What is in the card counts as inside, as React sees it.
    <span
      className={classes.place}
      tabIndex={0}
      aria-describedby={opened ? id : undefined}
      onMouseEnter={() => soon(true)}
      onMouseLeave={() => soon(false)}
      onPointerDown={() => (pressed.current = true)}
      onFocus={() => !pressed.current && soon(true)}
      onBlur={() => {
        pressed.current = false;
        soon(false);
      }}
      onClick={() => soon(true)}
    >
      {children}
      {opened && (
        <Popover opened width={320} shadow="md" withinPortal withRoles={false}>
          <Popover.Target>
            <span className={classes.hook} />
          </Popover.Target>
          <Popover.Dropdown>
            <div id={id} role="tooltip">
              {card()}
            </div>
          </Popover.Dropdown>
        </Popover>
      )}
    </span>
  );
}
