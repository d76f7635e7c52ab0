import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

/** For so long a page waits for what is slow; it shows then what it has. */
const patienceMs = 1_000;

/**
 * Whether each query has been answered, be it by an error, or one has waited for long enough. A page whose parts are as
 * high as what they hold shows them all at once, so that none pushes away another that one reads already.
 */
export function useFirstAnswers(queries: readonly Pick<UseQueryResult, 'isPending'>[]): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), patienceMs);
    return () => clearTimeout(timer);
  }, []);
  return late || queries.every(({ isPending }) => !isPending);
}
