import { act, render, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';

import { useInSight } from './useInSight';

afterEach(() => vi.unstubAllGlobals());

function Shown() {
  const [ref, inSight] = useInSight<HTMLParagraphElement>();
  return <p ref={ref}>{inSight ? 'in sight' : 'out of sight'}</p>;
}

it('follows whether an element is in sight, until it is gone', () => {
  let tell: (entries: { isIntersecting: boolean }[]) => void = () => undefined;
  const disconnect = vi.fn();
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      disconnect = disconnect;
      observe = vi.fn();
      constructor(callback: typeof tell) {
        tell = callback;
      }
    },
  );
  const { unmount } = render(<Shown />);
  expect(screen.getByText('in sight')).toBeTruthy();
  act(() => tell([{ isIntersecting: true }, { isIntersecting: false }]));
  expect(screen.getByText('out of sight')).toBeTruthy();
  act(() => tell([{ isIntersecting: true }]));
  expect(screen.getByText('in sight')).toBeTruthy();
  unmount();
  expect(disconnect).toHaveBeenCalledOnce();
});

it('takes what cannot be observed as in sight', () => {
  vi.stubGlobal('IntersectionObserver', undefined);
  Reflect.deleteProperty(window, 'IntersectionObserver');
  render(<Shown />);
  expect(screen.getByText('in sight')).toBeTruthy();
});
