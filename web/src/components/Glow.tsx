import { useState } from 'react';
import type { ReactNode } from 'react';

import classes from './Glow.module.css';

/**
 * Lets its content glow for a second each time the value changes while it is on show: what is new on the page, and what
 * stays as it is, does not. Who asks for less motion sees no glow. The glow lies around the content, so that what is
 * written can be read all the while.
 */
export function Glow({ of, children }: { of: string | number | null; children: ReactNode }) {
  const [seen, setSeen] = useState({ value: of, changes: 0 });
  if (seen.value !== of) setSeen({ value: of, changes: seen.changes + 1 });
  return (
    <span className={classes.place}>
      {children}
      {seen.changes > 0 && <span key={seen.changes} className={classes.halo} data-glow aria-hidden />}
    </span>
  );
}
