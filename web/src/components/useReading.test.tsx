import { act, fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it } from 'vitest';

import { useReading, useScrolled } from './useReading';

function Part() {
  const { reading, within } = useReading();
  const scrolled = useScrolled();
  return (
    <>
      <div {...within} data-testid="part">
        <button type="button">inside</button>
      </div>
      <button type="button">outside</button>
      <output>{`${reading ? 'reads' : 'is elsewhere'}${scrolled ? ', further down' : ''}`}</output>
    </>
  );
}

const told = () => screen.getByRole('status').textContent;

function scrollTo(y: number) {
  Object.defineProperty(window, 'scrollY', { value: y, configurable: true });
  fireEvent.scroll(window);
}

afterEach(() => scrollTo(0));

it('takes one to read where the pointer is, until it leaves', () => {
  render(<Part />);
  fireEvent.pointerEnter(screen.getByTestId('part'));
  expect(told()).toBe('reads');
  fireEvent.pointerLeave(screen.getByTestId('part'));
  expect(told()).toBe('is elsewhere');
});

it('takes one to read where the keyboard is, until it goes on', async () => {
  render(<Part />);
  const user = userEvent.setup();
  await user.tab();
  expect(told()).toBe('reads');
  await user.tab();
  expect(told()).toBe('is elsewhere');
});

it('knows whether the page was scrolled down', () => {
  render(<Part />);
  act(() => scrollTo(400));
  expect(told()).toBe('is elsewhere, further down');
  act(() => scrollTo(40));
  expect(told()).toBe('is elsewhere');
});
