import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, it, vi } from 'vitest';

import { emptyEntry } from '../../../data/calendars';
import type { Entry } from '../../../data/calendars';
import { showPart } from '../../../testing/console';
import { EntryFields, spelledOut } from './EntryFields';

const user = userEvent.setup();

/** Shows the fields of an entry. Returns what the entry has become, and what was called to remove it. */
function showEntry(fields: Partial<Entry> = {}, faults: Record<string, string> = {}) {
  const remove = vi.fn();
  let now: Entry = { ...emptyEntry, ...fields };
  function Fields() {
    const [entry, setEntry] = useState(now);
    now = entry;
    return (
      <EntryFields
        number={2}
        entry={entry}
        change={(change) => setEntry({ ...entry, ...change })}
        remove={remove}
        wrong={(field) => faults[field]}
      />
    );
  }
  showPart(<Fields />);
  return { entry: () => now, remove };
}

it('takes a name, days, hours and a rule', async () => {
  const { entry } = showEntry();
  await user.type(screen.getByLabelText('Called'), 'Night');
  await user.type(screen.getByLabelText('Day'), '12-25 ');
  await user.type(screen.getByLabelText('Until'), '12-26');
  await user.type(screen.getByLabelText('Hours', { selector: 'input' }), '22:00-06:00{Enter}');
  await user.type(screen.getByLabelText('Recurrence rule'), 'FREQ=DAILY');
  expect(entry()).toMatchObject({
    name: 'Night',
    date: '12-25',
    until: '12-26',
    hours: ['22:00-06:00'],
    rule: 'FREQ=DAILY',
  });
});

it('shows a range of weekdays as its days, of which one may be taken out', async () => {
  const { entry } = showEntry({ weekdays: ['mon-wed'] });
  const days = screen.getAllByRole<HTMLInputElement>('checkbox').filter(({ checked }) => checked);
  expect(days.map(({ value }) => value)).toEqual(['mon', 'tue', 'wed']);
  await user.click(screen.getByRole('checkbox', { name: 'tue' }));
  expect(entry().weekdays).toEqual(['mon', 'wed']);
});

it('is called by its number until it has a name, and is removed by either', async () => {
  const { remove } = showEntry();
  expect(screen.getByRole('group', { name: 'Number 2' })).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Remove number 2' }));
  expect(remove).toHaveBeenCalledTimes(1);
  await user.type(screen.getByLabelText('Called'), 'Xmas');
  expect(screen.getByRole('group', { name: 'Xmas' })).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Remove Xmas' })).toBeTruthy();
});

it('says at each field what is wrong with it', () => {
  const faults = {
    name: 'is too long',
    date: 'is no day',
    until: 'is before the day',
    weekdays: 'are none',
    hours: 'overlap',
    rule: 'has no FREQ',
  };
  showEntry({}, faults);
  for (const reason of Object.values(faults)) expect(screen.getByText(reason)).toBeTruthy();
});

it.each([
  [['fri-mon'], ['fri', 'sat', 'sun', 'mon']],
  [['Sat'], ['sat']],
  [['someday'], ['someday']],
])('spells %j out', (words, days) => {
  expect(spelledOut(words)).toEqual(days);
});
