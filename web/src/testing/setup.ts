// What a browser has and jsdom has not.

import { cleanup, configure } from '@testing-library/react';
import { afterEach, vi } from 'vitest';

// A machine may be busy: what is waited for has time to come.
configure({ asyncUtilTimeout: 15_000 });

afterEach(cleanup);

Object.defineProperty(window, 'matchMedia', {
  value: (query: string) => ({
    matches: false,
    media: query,
    addEventListener: vi.fn(),
    removeEventListener: vi.fn(),
    addListener: vi.fn(),
    removeListener: vi.fn(),
  }),
});

class NoResizes {
  observe = vi.fn();
  unobserve = vi.fn();
  disconnect = vi.fn();
}
window.ResizeObserver = NoResizes;
window.scrollTo = vi.fn();

Object.defineProperty(document, 'fonts', {
  value: { addEventListener: vi.fn(), removeEventListener: vi.fn() },
});
