import { useRef } from 'react';

import { kept } from '../../data/kept';

/** Returns the value, in all parts that have not changed as the very same objects as before. */
export function useKept<T>(value: T): T {
  const before = useRef(value);
  before.current = kept(before.current, value);
  return before.current;
}
