import { renderHook } from '@testing-library/react';
import { expect, it } from 'vitest';

import { useLate } from './useLate';

it('makes nothing until it is wanted, then makes it closed and opens it, and leaves it made', () => {
  const seen: string[] = [];
  const { rerender } = renderHook(
    ({ wanted }) => {
      const { made, opened } = useLate(wanted);
      const now = `${made ? 'made' : 'none'} ${opened ? 'open' : 'closed'}`;
      if (seen.at(-1) !== now) seen.push(now);
    },
    { initialProps: { wanted: false } },
  );
  expect(seen).toEqual(['none closed']);
  rerender({ wanted: true });
  expect(seen.slice(1)).toEqual(['made closed', 'made open']);
  rerender({ wanted: false });
  expect(seen.slice(3)).toEqual(['made closed']);
});
