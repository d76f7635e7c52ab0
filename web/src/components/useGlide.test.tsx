import { render } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { useGlide } from './useGlide';

const rowHeight = 40;
const animate = vi.fn();

function List({ ids, list = 'all' }: { ids: string[]; list?: string }) {
  const body = useGlide<HTMLDivElement>(ids, list);
  return (
    <div ref={body}>
      {ids.map((id) => (
        <p key={id} id={id} />
      ))}
    </div>
  );
}

/** What was moved or tinted, and from where it came. */
const asked = () =>
  animate.mock.contexts.map((element, i) => {
    const [{ transform }] = animate.mock.calls[i]?.[0] as [{ transform?: string }];
    return `${(element as HTMLElement).id || 'all rows'}: ${transform ?? 'tint'}`;
  });

beforeEach(() => {
  vi.spyOn(Element.prototype, 'animate').mockImplementation(animate);
  vi.spyOn(HTMLElement.prototype, 'offsetTop', 'get').mockImplementation(function (this: HTMLElement) {
    return Array.from(this.parentElement?.children ?? []).indexOf(this) * rowHeight;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  animate.mockReset();
});

it('lets the rows glide down from where they were, and tints what has come', () => {
  const { rerender } = render(<List ids={['c', 'd']} />);
  expect(asked()).toEqual([]);
  rerender(<List ids={['a', 'b', 'c', 'd']} />);
  expect(asked()).toEqual(['all rows: translateY(-80px)', 'a: tint', 'b: tint']);
});

it.each([
  ['nothing is new', ['c'], 'all'],
  ['it is another list', ['a', 'c', 'd'], 'other'],
  ['none of the rows is there any more', ['a', 'b'], 'all'],
  ['more are new than fit into the window', [...Array.from({ length: 100 }, (_, i) => `n${i}`), 'c'], 'all'],
])('moves nothing where %s', (_, ids, list) => {
  const { rerender } = render(<List ids={['c', 'd']} />);
  rerender(<List ids={ids} list={list} />);
  expect(asked()).toEqual([]);
});

it('moves nothing for who asks for less motion', () => {
  vi.spyOn(window, 'matchMedia').mockImplementation(
    (query) => ({ matches: query.includes('reduce') }) as MediaQueryList,
  );
  const { rerender } = render(<List ids={['c']} />);
  rerender(<List ids={['a', 'c']} />);
  expect(asked()).toEqual([]);
});
