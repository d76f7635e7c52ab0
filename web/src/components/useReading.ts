// Whether one reads within a part of a page, or is about to do something there: then nothing moves in it unasked.

import { useEffect, useState } from 'react';
import type { FocusEvent } from 'react';

/** So many pixels from the top of the page one is taken to read further down. */
const scrolledPx = 120;

/** What the part of the page is given, so that it is noticed who reads there. */
export interface Within {
  onPointerEnter: () => void;
  onPointerLeave: () => void;
  onFocus: (event: FocusEvent) => void;
  onBlur: () => void;
}

/**
 * Tells whether a pointer or the focus of the keyboard is within a part of the page. A button that was clicked has the focus
 * as well, and is not meant by that.
 */
export function useReading(): { reading: boolean; within: Within } {
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  return {
    reading: pointed || focused,
    within: {
      onPointerEnter: () => setPointed(true),
      onPointerLeave: () => setPointed(false),
      onFocus: ({ target }) => setFocused(target.matches(':focus-visible')),
      onBlur: () => setFocused(false),
    },
  };
}

/** Tells whether the page has been scrolled down: who has, reads what is in sight. */
export function useScrolled(): boolean {
  const [scrolled, setScrolled] = useState(() => window.scrollY > scrolledPx);
  useEffect(() => {
    const tell = () => setScrolled(window.scrollY > scrolledPx);
    window.addEventListener('scroll', tell, { passive: true });
    return () => window.removeEventListener('scroll', tell);
  }, []);
  return scrolled;
}
