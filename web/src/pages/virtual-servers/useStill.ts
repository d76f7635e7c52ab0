import { useRef } from 'react';

/**
 * Returns the value, or while all is to be still the one from before. What lies under a pointer that carries something
 * neither moves nor is drawn anew, however much happens meanwhile.
 */
export function useStill<T>(value: T, still: boolean): T {
  const kept = useRef(value);
  if (!still) kept.current = value;
  return kept.current;
}
