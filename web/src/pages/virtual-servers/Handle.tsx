import { IconGripVertical } from '@tabler/icons-react';
import type { KeyboardEvent } from 'react';

import { useCarry } from './carry';
import classes from './VirtualServers.module.css';

/** The handle of a server: what the keyboard lifts it by. */
export function Handle({ name, onKey }: { name: string; onKey: (event: KeyboardEvent) => void }) {
  const lifted = useCarry((carried) => carried?.by === 'keyboard' && carried.servers.includes(name));
  return (
    <button
      type="button"
      className={classes.handle}
      aria-label={`Lift ${name}`}
      aria-pressed={lifted}
      aria-describedby="how-to-carry"
      onKeyDown={onKey}
    >
      <IconGripVertical size={15} aria-hidden />
    </button>
  );
}
