import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { useFirstAnswers } from './useFirstAnswers';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const pending = { isPending: true };
const answered = { isPending: false };

it('waits until each query has its answer', () => {
  const { result, rerender } = renderHook(useFirstAnswers, { initialProps: [answered, pending] });
  expect(result.current).toBe(false);
  rerender([answered, answered]);
  expect(result.current).toBe(true);
});

it('waits no longer than a second for what is slow', () => {
  const { result } = renderHook(useFirstAnswers, { initialProps: [answered, pending] });
  act(() => {
    vi.advanceTimersByTime(999);
  });
  expect(result.current).toBe(false);
  act(() => {
    vi.advanceTimersByTime(1);
  });
  expect(result.current).toBe(true);
});
