import { useLayoutEffect } from 'react';

/** What had the focus before the dialogs that are closing just now. One that opens in their place takes it over. */
let closing: Element[] = [];
let returning: ReturnType<typeof setTimeout> | undefined;

/**
 * Gives the focus back, when a dialog closes or is taken away, to what had it when the dialog was opened. Where that is gone
 * as well, such as the row of what was removed, the page itself has the focus, and not the window.
 */
export function useFocusReturn(opened: boolean): void {
  useLayoutEffect(() => {
    if (!opened) return undefined;
    const before = closing.length > 0 ? best() : document.activeElement;
    clearTimeout(returning);
    closing = [];
    return () => {
      if (before) closing.push(before);
      clearTimeout(returning);
      returning = setTimeout(giveBack);
    };
  }, [opened]);
}

function giveBack(): void {
  const to = best();
  closing = [];
  const now = document.activeElement;
  // Who has gone on to something else meanwhile stays there.
  if (now && now !== document.body && !inDialog(now)) return;
  for (const element of [to, document.getElementById('main')]) {
    if (!(element instanceof HTMLElement)) continue;
    element.focus({ preventScroll: true });
    if (document.activeElement === element) return;
  }
}

/** Of dialogs that close together, one over the other, the lowest tells where to. */
function best(): Element | null {
  const there = closing.filter((element) => element.isConnected && element !== document.body);
  return there.find((element) => !inDialog(element)) ?? there[0] ?? null;
}

function inDialog(element: Element): boolean {
  return element.closest('[role="dialog"]') !== null;
}
