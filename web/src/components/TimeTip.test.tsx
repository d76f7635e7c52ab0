import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { showPart } from '../testing/console';
import { Elapsed, Instant } from './instants';
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

const rows = [
  { task: 'load', queued: at, started: new Date('2026-01-31T08:00:05Z') },
  { task: 'report', queued: new Date('2026-01-31T07:00:00Z'), started: null },
];

function List() {
  return (
    <>
      <table>
        <thead>
          <tr>
            <th>Task</th>
            <th>Queued</th>
            <th>Duration</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ task, queued, started }) => (
            <tr key={task}>
              <td>
                <a href="/">{task}</a>
              </td>
              <td>
                <Instant at={queued} row />
              </td>
              <td>
                <Elapsed from={started} to={null} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <TimeTip />
    </>
  );
}

it('tells all times of a row, each by its column, to who comes to its link by keyboard', async () => {
  showPart(<List />);
  const user = userEvent.setup();
  await user.tab();
  expect(document.activeElement?.textContent).toBe('load');
  expect(tip()).toMatch(
    /^Queued\n.*\n2026-01-31 08:00:00 UTC\n\nDuration\nsince .*\n2026-01-31 08:00:05 UTC$/,
  );
  await user.tab();
  expect(document.activeElement?.textContent).toBe('report');
  expect(tip()).toMatch(/^.*\n2026-01-31 07:00:00 UTC$/);
});

it('tells nothing to who clicks the link', async () => {
  showPart(<List />);
  const user = userEvent.setup();
  await user.tab();
  await user.click(screen.getByRole('link', { name: 'report' }));
  expect(document.activeElement?.textContent).toBe('report');
  expect(tip()).toBeUndefined();
});

it('goes from time to time of a list by the arrows, and no further than its ends', async () => {
  showPart(<List />);
  const user = userEvent.setup();
  await user.click(document.querySelectorAll('time')[0] as HTMLElement);
  expect(tip()).toMatch(/08:00:00 UTC$/);
  await user.keyboard('{ArrowDown}');
  expect(tip()).toMatch(/07:00:00 UTC$/);
  await user.keyboard('{ArrowDown}');
  expect(tip()).toMatch(/07:00:00 UTC$/);
  await user.keyboard('{ArrowUp}');
  expect(tip()).toMatch(/08:00:00 UTC$/);
});
