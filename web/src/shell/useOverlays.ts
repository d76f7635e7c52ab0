import { useHotkeys } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { places } from './places';

export type Overlay = 'jump' | 'shortcuts';

/** After "g" the second key has to follow within that time. */
const sequenceMs = 1_500;

/** What lies over the page, and the keys that are heard on every page. */
export function useOverlays() {
  const [shown, setShown] = useState<Overlay | null>(null);
  useHotkeys([['mod+K', () => setShown('jump')]], []);
  useHotkeys([
    ['/', () => setShown('jump')],
    // Where a keyboard has it above another key.
    ['shift+/', () => setShown('jump')],
    ['shift+?', () => setShown('shortcuts')],
    ['?', () => setShown('shortcuts')],
  ]);
  useGoTo(shown === null);
  return { shown, open: setShown, close: () => setShown(null) };
}

/** Goes to a page upon "g" and its letter. */
function useGoTo(heard: boolean) {
  const navigate = useNavigate();
  useEffect(() => {
    if (!heard) return undefined;
    let since = -sequenceMs;
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const place = places.find(({ key }) => key === event.key);
      if (place && event.timeStamp - since < sequenceMs) {
        event.preventDefault();
        void navigate({ to: place.to });
      }
      since = event.key === 'g' ? event.timeStamp : -sequenceMs;
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [heard, navigate]);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}
