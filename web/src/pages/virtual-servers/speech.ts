import { createContext } from 'react';

/** Says something to who listens to the page. */
export const Speaking = createContext<(text: string) => void>(() => undefined);
