import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { Instant } from './instants';
import { TimeTip } from './TimeTip';

const at = new Date('2026-01-31T08:00:00Z');
const tip = () => document.querySelector('[data-time-tip]')?.textContent;

it('tells the zones of a time that has the focus, until it goes or Esc is pressed', async () => {
  render(
    <>
      <Instant at={at} zone="Asia/Tokyo" />
      <button type="button">next</button>
      <TimeTip />
    </>,
  );
  const user = userEvent.setup();
  expect(tip()).toBeUndefined();
  await user.tab();
  expect(tip()).toMatch(/2026-01-31 08:00:00 UTC\n.*\(Asia\/Tokyo\)$/);
  await user.tab();
  expect(tip()).toBeUndefined();
  await user.tab({ shift: true });
  expect(tip()).toMatch(/UTC/);
  await user.keyboard('{Escape}');
  expect(tip()).toBeUndefined();
});

it('tells those of a time inside of a link or a button that has it', () => {
  render(
    <>
      <button type="button">
        attempt 1 <Instant at={at} within />
      </button>
      <TimeTip />
    </>,
  );
  act(() => screen.getByRole('button').focus());
  expect(tip()).toMatch(/2026-01-31 08:00:00 UTC/);
});
