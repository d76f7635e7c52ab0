import { render } from '@testing-library/react';
import { expect, it } from 'vitest';

import { Glow } from './Glow';

const glowing = (container: HTMLElement) => container.querySelector('[data-glow]');

it('glows anew at each change, and not at first nor while nothing changes', () => {
  const { container, rerender } = render(<Glow of="running">a</Glow>);
  expect(glowing(container)).toBeNull();
  rerender(<Glow of="running">b</Glow>);
  expect(glowing(container)).toBeNull();
  rerender(<Glow of="failed">b</Glow>);
  const first = glowing(container);
  expect(first).not.toBeNull();
  rerender(<Glow of="failed">c</Glow>);
  expect(glowing(container)).toBe(first);
  rerender(<Glow of="running">c</Glow>);
  expect(glowing(container)).not.toBe(first);
});

it('leaves its content where it is, so that what one types there is not lost', () => {
  const { container, rerender } = render(
    <Glow of={1}>
      <input />
    </Glow>,
  );
  const field = container.querySelector('input');
  rerender(
    <Glow of={2}>
      <input />
    </Glow>,
  );
  expect(container.querySelector('input')).toBe(field);
});
