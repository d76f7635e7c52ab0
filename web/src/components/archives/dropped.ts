import { useEffect, useEffectEvent, useState } from 'react';

/** What was dropped on a page: one file, or why it is none that can be taken. */
export type Dropped = { file: File; fault: '' } | { file: null; fault: string };

/** Reads what was dropped. */
export function droppedOf({ items, files }: Pick<DataTransfer, 'items' | 'files'>): Dropped {
  if (files.length > 1) return { file: null, fault: `must be one file, not ${files.length}` };
  if (items[0]?.webkitGetAsEntry()?.isDirectory) {
    return { file: null, fault: 'must be a file: pack the folder as zip or tar.gz first' };
  }
  const file = files[0];
  return file ? { file, fault: '' } : { file: null, fault: 'must be a file' };
}

const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

/** Takes files that are dropped anywhere on the page while it is wanted. Returns whether one is being held above it. */
export function useDropped(wanted: boolean, take: (dropped: Dropped) => void): boolean {
  const [over, setOver] = useState(false);
  const drop = useEffectEvent((event: DragEvent) => {
    if (!holdsFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    setOver(false);
    take(droppedOf(event.dataTransfer));
  });
  useEffect(() => {
    if (!wanted) return undefined;
    const end = new AbortController();
    const { signal } = end;
    const hold = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      // Else the browser would open the file in place of the page.
      event.preventDefault();
      setOver(true);
    };
    window.addEventListener('dragover', hold, { signal });
    window.addEventListener(
      'dragleave',
      // What leaves one element for another one has not left the window.
      ({ relatedTarget }) => setOver((before) => before && relatedTarget !== null),
      { signal },
    );
    window.addEventListener('drop', (event) => drop(event), { signal });
    return () => {
      end.abort();
      setOver(false);
    };
  }, [wanted]);
  return over;
}
