import { Menu } from '@mantine/core';
import { IconDotsVertical } from '@tabler/icons-react';
import { useId, useState } from 'react';
import type { MouseEventHandler, ReactNode, Ref } from 'react';

import classes from './LateMenu.module.css';
import { useLate } from './useLate';

interface LateMenuProps {
  /** What the menu is about, such as "What to do with js-1". */
  label: string;
  width?: number;
  /** Makes the entries. It is called while the menu is open. */
  children: () => ReactNode;
}

/** A button of three dots whose menu is made when it is opened for the first time: there may be hundreds on a page. */
export function LateMenu({ label, width, children }: LateMenuProps) {
  const [wanted, setWanted] = useState(false);
  const { made, opened } = useLate(wanted);
  const id = useId();
  return (
    <span className={classes.place}>
      <button
        id={id}
        type="button"
        className={classes.button}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={wanted}
        onPointerDown={(event) => event.stopPropagation()}
        onClick={() => setWanted(true)}
      >
        <IconDotsVertical size={15} aria-hidden />
      </button>
      {made && (
        <Menu
          opened={opened}
          onChange={setWanted}
          position="bottom-end"
          shadow="md"
          withinPortal
          keepMounted={false}
          {...(width === undefined ? {} : { width })}
        >
          <Menu.Target>
            <Hook />
          </Menu.Target>
          <Menu.Dropdown aria-labelledby={id}>{opened && children()}</Menu.Dropdown>
        </Menu>
      )}
    </span>
  );
}

/** What the menu hangs on. What the menu says of itself for who listens is on the button already. */
function Hook({ ref, onClick }: { ref?: Ref<HTMLSpanElement>; onClick?: MouseEventHandler }) {
  return <span ref={ref} className={classes.hook} onClick={onClick} />;
}
