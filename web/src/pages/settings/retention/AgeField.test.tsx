import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, it } from 'vitest';

import { showPart } from '../../../testing/console';
import { AgeField, unitOf } from './AgeField';

function Field({ first, error }: { first: number; error?: string }) {
  const [seconds, setSeconds] = useState(first);
  return (
    <>
      <AgeField label="Runs" none="without limit" seconds={seconds} error={error} change={setSeconds} />
      <output>{seconds}</output>
    </>
  );
}

const user = userEvent.setup();
const number = () => screen.getByRole<HTMLInputElement>('textbox', { name: 'Runs' });
const seconds = () => Number(screen.getByRole('status').textContent);

it('shows an age in its largest unit, and gives it in seconds', async () => {
  showPart(<Field first={7200} />);
  expect(number().value).toBe('2');
  expect(screen.getByRole<HTMLInputElement>('combobox', { name: 'Unit of runs' }).value).toBe('hours');
  await user.clear(number());
  await user.type(number(), '5');
  expect(seconds()).toBe(18_000);
});

it('takes the number in another unit once one chooses that', async () => {
  showPart(<Field first={7200} />);
  await user.click(screen.getByRole('combobox', { name: 'Unit of runs' }));
  await user.click(await screen.findByRole('option', { name: 'days' }));
  expect(number().value).toBe('2');
  expect(seconds()).toBe(172_800);
});

it('says what nothing means, and what is wrong', () => {
  const { unmount } = showPart(<Field first={0} />);
  expect(screen.getByText('without limit')).toBeTruthy();
  unmount();
  showPart(<Field first={60} error="must be at least an hour" />);
  expect(screen.getByText('must be at least an hour')).toBeTruthy();
  expect(number().getAttribute('aria-invalid')).toBe('true');
});

it.each([
  [0, 'days'],
  [86_400, 'days'],
  [5_400, 'minutes'],
  [7_200, 'hours'],
  [61, 'seconds'],
])('writes %d seconds in %s', (age, unit) => {
  expect(unitOf(age).value).toBe(unit);
});
