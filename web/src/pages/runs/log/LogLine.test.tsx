import { screen } from '@testing-library/react';
import type { ComponentProps } from 'react';
import { expect, it } from 'vitest';

import { showPart } from '../../../testing/console';
import { LogLine, marked } from './LogLine';

const line = {
  number: 17,
  stream: 'stderr',
  at: new Date('2026-01-31T09:05:00.250Z'),
  text: 'disk full',
} as const;

function showLine(more: Partial<ComponentProps<typeof LogLine>> = {}) {
  const { container } = showPart(
    <LogLine line={line} times={false} wrap={false} marks={[]} current={false} {...more} />,
  );
  return container.querySelector('[data-stream]') as HTMLElement;
}

it('shows the text with its number, and which stream it came from', () => {
  const shown = showLine();
  expect(screen.getByText('17')).toBeTruthy();
  expect(screen.getByText('disk full')).toBeTruthy();
  expect(shown.dataset.stream).toBe('stderr');
});

it('shows when it was written only where that is wanted', () => {
  expect(showLine().querySelector('time')).toBeNull();
  const time = showLine({ times: true }).querySelector('time');
  expect(time?.dateTime).toBe('2026-01-31T09:05:00.250Z');
  expect(time?.textContent).toMatch(/:05:00[.,]250$/);
});

it('colours the text as the job wished, and shows no escapes', () => {
  showLine({ line: { ...line, text: '\u001b[38;2;255;0;0mred\u001b[0m plain' } });
  expect(screen.getByText('red').style.color).toBe('rgb(255, 0, 0)');
  expect(screen.getByText('plain').style.color).toBe('');
});

it('keeps the height of an empty line', () => {
  expect(showLine({ line: { ...line, text: '' } }).textContent).toBe('17\u00a0');
});

it('cuts a line where marks begin and end, and tells the match that one is at', () => {
  const shown = showLine({ marks: [[5, 9]], current: true });
  expect(screen.getByText('disk')).toBeTruthy();
  expect(screen.getByText('full').className).not.toBe(screen.getByText('disk').className);
  expect(shown.dataset.current).toBe('true');
});

it('marks across pieces of different looks, and leaves out not a character', () => {
  const pieces = [
    { text: 'one ', looks: ['bold'] },
    { text: 'two', looks: [] },
  ];
  expect(marked(pieces, [[2, 6]])).toEqual([
    { text: 'on', looks: ['bold'], mark: false },
    { text: 'e ', looks: ['bold'], mark: true },
    { text: 'tw', looks: [], mark: true },
    { text: 'o', looks: [], mark: false },
  ]);
});
