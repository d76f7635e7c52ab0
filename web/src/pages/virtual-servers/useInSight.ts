import { startTransition, useEffect, useRef, useState } from 'react';
import type { RefObject } from 'react';

/** How far beyond the window something counts as in sight, so that it is up to date before it is seen. */
const margin = '400px 0px';

/** Tells whether an element is in sight, or nearly so. What cannot be observed counts as in sight. */
export function useInSight<T extends Element>(): [ref: RefObject<T | null>, inSight: boolean] {
  const ref = useRef<T>(null);
  const [inSight, setInSight] = useState(true);
  useEffect(() => {
    if (!ref.current || !('IntersectionObserver' in window)) return undefined;
    const observer = new IntersectionObserver(
      (entries) => startTransition(() => setInSight(entries.at(-1)?.isIntersecting ?? true)),
      { rootMargin: margin },
    );
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return [ref, inSight];
}
