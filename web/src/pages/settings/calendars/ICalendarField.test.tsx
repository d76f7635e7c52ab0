import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, it } from 'vitest';

import { showPart } from '../../../testing/console';
import { ICalendarField } from './ICalendarField';

const event = 'BEGIN:VEVENT\nEND:VEVENT\n';
const user = userEvent.setup();

function showField(first = '', error?: string) {
  let now = first;
  function Field() {
    const [text, setText] = useState(first);
    now = text;
    return <ICalendarField text={text} error={error} change={setText} />;
  }
  const { container } = showPart(<Field />);
  const input = container.querySelector('input[type="file"]') as HTMLInputElement;
  return {
    text: () => now,
    read: (name: string, text: string) => user.upload(input, new File([text], name)),
  };
}

it('reads a file, and says its name and how many events it has', async () => {
  const { text, read } = showField();
  expect(screen.getByRole('button', { name: 'Read a file…' })).toBeTruthy();
  await read('closing.ics', event + event);
  expect(await screen.findByText('closing.ics: 2 events')).toBeTruthy();
  expect(text()).toBe(event + event);
  expect(screen.getByRole('button', { name: 'Read another file…' })).toBeTruthy();
});

it('refuses a file that is too large, keeps what it had, and forgets that with the next one', async () => {
  const { text, read } = showField(event);
  await read('large.ics', 'x'.repeat(513 * 1024));
  expect(await screen.findByText('large.ics has 513 KiB; at most 512 are taken')).toBeTruthy();
  expect(text()).toBe(event);
  await read('small.ics', event);
  expect(await screen.findByText('small.ics: 1 event')).toBeTruthy();
  expect(screen.queryByText(/at most 512/)).toBeNull();
});

it('takes a stored file out again', async () => {
  const { text } = showField(event);
  expect(screen.getByText('A file: 1 event')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Remove it' }));
  expect(text()).toBe('');
  expect(screen.queryByRole('button', { name: 'Remove it' })).toBeNull();
});

it('says what the conductor found wrong with it', () => {
  showField(event, 'was cut off');
  expect(screen.getByText('was cut off')).toBeTruthy();
});
