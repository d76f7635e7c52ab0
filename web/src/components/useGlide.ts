import { useLayoutEffect, useRef } from 'react';
import type { RefObject } from 'react';

const glideMs = 240;
const tintMs = 1500;

/**
 * Lets the rows of a list make room for those that come in above them: they glide down from where they were, and what is
 * new is tinted for a moment. What is not the same list any more, or has more new rows than fit into the window, is there
 * at once, and so is everything for who asks for less motion. Returns the reference of the element whose children the rows are.
 */
export function useGlide<T extends HTMLElement>(ids: readonly string[], list: string): RefObject<T | null> {
  const ref = useRef<T>(null);
  const before = useRef<{ list: string; first: string | undefined }>({ list, first: ids[0] });
  useLayoutEffect(() => {
    const { list: listBefore, first } = before.current;
    before.current = { list, first: ids[0] };
    if (!ref.current || first === undefined || listBefore !== list || first === ids[0]) return;
    glide(ref.current, ids.indexOf(first));
  }, [ids, list]);
  return ref;
}

/** Moves the rows of a list, of which so many are new. */
function glide(body: HTMLElement, fresh: number): void {
  const rows = body.children;
  const [top, was] = [rows[0], rows[fresh]];
  if (!(top instanceof HTMLElement) || !(was instanceof HTMLElement)) return;
  if (window.matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  const way = was.offsetTop - top.offsetTop;
  if (way <= 0 || way > window.innerHeight) return;
  body.animate([{ transform: `translateY(${-way}px)` }, { transform: 'none' }], {
    duration: glideMs,
    easing: 'ease-out',
  });
  const tint = 'color-mix(in srgb, var(--mantine-primary-color-filled) 9%, transparent)';
  for (const row of Array.from(rows).slice(0, fresh)) {
    row.animate([{ backgroundColor: tint }, {}], { duration: tintMs, easing: 'ease-in' });
  }
}
