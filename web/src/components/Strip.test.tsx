import { render } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';

import { Strip } from './Strip';

const left: Record<string, number> = { strip: 0, log: 0, history: 500 };
const width: Record<string, number> = { strip: 300, log: 100, history: 100 };

function Tabs({ shown }: { shown: string }) {
  return (
    <Strip shown={shown}>
      {['log', 'history'].map((name) => (
        <button key={name} id={name} type="button" role="tab" aria-selected={name === shown}>
          {name}
        </button>
      ))}
    </Strip>
  );
}

afterEach(() => vi.restoreAllMocks());

it('brings the chosen one to its middle where it is out of sight, and moves nothing where it is not', () => {
  vi.spyOn(Element.prototype, 'getBoundingClientRect').mockImplementation(function (this: Element) {
    const name = this.id || 'strip';
    return new DOMRect(left[name], 0, width[name], 30);
  });
  const { container, rerender } = render(<Tabs shown="log" />);
  expect(container.firstElementChild?.scrollLeft).toBe(0);
  rerender(<Tabs shown="history" />);
  expect(container.firstElementChild?.scrollLeft).toBe(400);
});
