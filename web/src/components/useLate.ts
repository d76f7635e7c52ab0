import { useEffect, useState } from 'react';

/**
 * Makes what opens, such as a dialog, when it is opened for the first time: hundreds that could open cost nothing. It is
 * made closed and opens a moment later, as it notes then where the focus is to return to.
 */
export function useLate(wanted: boolean): { made: boolean; opened: boolean } {
  const [made, setMade] = useState(wanted);
  const [opened, setOpened] = useState(false);
  if (wanted && !made) setMade(true);
  useEffect(() => setOpened(wanted), [wanted]);
  return { made, opened };
}
