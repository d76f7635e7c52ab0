import type { MouseEvent } from 'react';

/**
 * Gives the focus to a menu's button before what was chosen is done: a dialog that opens then finds it there, and returns it
 * there. Every menu has this from the theme.
 */
export function leaveMenu({ currentTarget: menu, target }: MouseEvent): void {
  if (!(target instanceof Element) || !target.closest('[role="menuitem"]')) return;
  document.getElementById(menu.getAttribute('aria-labelledby') ?? '')?.focus({ preventScroll: true });
}
