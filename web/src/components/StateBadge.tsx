import type { CSSProperties } from 'react';

import type { State } from '../data/states';
import classes from './StateBadge.module.css';
import { colorOf, states } from './states';

/** Shows a state with its icon, its colour and its word. */
export function StateBadge({ state, size = 'md' }: { state: State; size?: 'md' | 'lg' }) {
  const { icon: Icon, word } = states[state];
  return (
    <span
      className={`${classes.badge} ${size === 'lg' ? classes.large : ''}`}
      style={{ '--tone': colorOf(state) } as CSSProperties}
      data-state={state}
    >
      <Icon size={size === 'lg' ? 16 : 13} aria-hidden />
      {word}
    </span>
  );
}
