import { renderHook } from '@testing-library/react';
import { expect, it } from 'vitest';

import { useStill } from './useStill';

it('keeps what was before while all is to be still, and then takes what came meanwhile', () => {
  const { result, rerender } = renderHook(({ value, still }) => useStill(value, still), {
    initialProps: { value: 'a', still: false },
  });
  rerender({ value: 'b', still: true });
  rerender({ value: 'c', still: true });
  expect(result.current).toBe('a');
  rerender({ value: 'c', still: false });
  expect(result.current).toBe('c');
});
