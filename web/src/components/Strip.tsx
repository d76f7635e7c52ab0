import { useLayoutEffect, useRef } from 'react';
import type { ReactNode } from 'react';

interface StripProps {
  /** Names what is chosen: when it changes, that is brought into sight. */
  shown: string;
  className?: string | undefined;
  children: ReactNode;
}

/** A row of tabs or links that scrolls to the side where it has no room, and has the chosen one in sight. */
export function Strip({ shown, className, children }: StripProps) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const strip = ref.current;
    const chosen = strip?.querySelector('[aria-selected="true"], [aria-current="page"]');
    if (!strip || !chosen) return;
    const [around, box] = [strip.getBoundingClientRect(), chosen.getBoundingClientRect()];
    // Scrolling into view would move the page up and down as well.
    if (box.left < around.left || box.right > around.right) {
      strip.scrollLeft += (box.left + box.right - around.left - around.right) / 2;
    }
  }, [shown]);
  return (
    <div ref={ref} className={className} style={{ overflowX: 'auto' }}>
      {children}
    </div>
  );
}
