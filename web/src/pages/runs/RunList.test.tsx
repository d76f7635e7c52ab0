import { act, fireEvent, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it, vi } from 'vitest';

import type { RunFilter } from '../../data/runList';
import type { WireRun } from '../../data/wire';
import { News, json, news, page, showLinked } from '../../testing/console';
import { aRun } from '../../testing/samples';
import { RunList } from './RunList';

const all: RunFilter = {
  q: '',
  task: '',
  state: [],
  cause: [],
  server: '',
  virtual_server: '',
  since: '',
  until: '',
  late: '',
};

/** What the conductor has, the newest first. */
let stored: WireRun[] = [];

function run(minute: number, fields: Partial<WireRun> = {}): WireRun {
  const two = String(minute).padStart(2, '0');
  return aRun({
    id: `R${two}`,
    task: `task-${two}`,
    queued_at: `2026-01-31T09:${two}:00.123456Z`,
    ...fields,
  });
}

/** Answers as the conductor does, with pages of so many. */
function answer({ url }: { url: URL }, size = 50) {
  const until = url.searchParams.get('until');
  const before = url.searchParams.get('cursor');
  const those = stored
    .filter(({ queued_at: at }) => until === null || Date.parse(at) < Date.parse(until))
    .filter(({ id }) => before === null || id < before);
  const items = those.slice(0, size);
  return json({ items, next_cursor: those.length > size ? (items.at(-1)?.id ?? null) : null });
}

function show(size?: number) {
  stored = [run(3), run(2), run(1)];
  return showLinked(
    <>
      <RunList filter={all} label="Runs" empty="none" />
      <News />
    </>,
    { 'GET /runs': (asked) => answer(asked, size) },
  );
}

afterEach(() => vi.restoreAllMocks());

const table = () => screen.findByRole('table', { name: 'Runs' });
const tasks = async () =>
  within(await table())
    .getAllByRole('link')
    .map(({ textContent }) => textContent);
const part = () => screen.getByRole('region', { name: 'Runs' });

it('lets new runs in by itself while nobody reads in it', async () => {
  show();
  expect(await tasks()).toEqual(['task-03', 'task-02', 'task-01']);
  stored = [run(4), ...stored];
  await news();
  expect(await tasks()).toEqual(['task-04', 'task-03', 'task-02', 'task-01']);
  expect(screen.getByText('Live, the newest first')).toBeTruthy();
});

it('lets new ones wait while the pointer is in it, and shows the others as they are now', async () => {
  show();
  await table();
  fireEvent.pointerEnter(part());
  stored = [run(5), run(4), run(3), run(2, { state: 'failed', reason: 'exit code 3' }), run(1)];
  await news();
  expect(await tasks()).toEqual(['task-03', 'task-02', 'task-01']);
  expect(screen.getByText('exit code 3')).toBeTruthy();
  expect(screen.getByText('Still while you read')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Show 2 new runs' }));
  expect(await tasks()).toEqual(['task-05', 'task-04', 'task-03', 'task-02', 'task-01']);
});

it('lets them in when the pointer leaves', async () => {
  show();
  await table();
  fireEvent.pointerEnter(part());
  stored = [run(4), ...stored];
  await news();
  expect(screen.getByRole('button', { name: 'Show 1 new run' })).toBeTruthy();
  fireEvent.pointerLeave(part());
  expect((await tasks())[0]).toBe('task-04');
  expect(screen.queryByRole('button', { name: /^Show/ })).toBeNull();
});

it('is still while the keyboard is in it, and keeps the focus near when the button goes', async () => {
  show();
  await table();
  // jsdom sees the keyboard's focus on few elements only.
  vi.spyOn(Element.prototype, 'matches').mockImplementation(function (this: Element, selector) {
    return selector === ':focus-visible' || this.closest(selector) === this;
  });
  const user = userEvent.setup();
  act(() => screen.getByRole('link', { name: 'task-03' }).focus());
  expect(document.activeElement?.textContent).toBe('task-03');
  stored = [run(4), ...stored];
  await news();
  expect((await tasks())[0]).toBe('task-03');
  act(() => screen.getByRole('button', { name: 'Show 1 new run' }).focus());
  await user.keyboard('{Enter}');
  expect((await tasks())[0]).toBe('task-04');
  expect(part().contains(document.activeElement)).toBe(true);
});

it('keeps what it shows however many come, and says so where there are more than were read', async () => {
  show(3);
  await table();
  fireEvent.pointerEnter(part());
  stored = [run(9), run(8), run(7), run(6), ...stored];
  await news();
  expect(await tasks()).toEqual(['task-03', 'task-02', 'task-01']);
  expect(screen.getByRole('button', { name: 'Show 3+ new runs' })).toBeTruthy();
});

it('keeps the place of a run that is no longer as asked for, and says that it has changed', async () => {
  show();
  await table();
  fireEvent.pointerEnter(part());
  stored = [run(3), run(1)];
  await news();
  expect(await tasks()).toEqual(['task-03', 'task-02', 'task-01']);
  const [, , gone] = within(await table()).getAllByRole('row');
  expect(gone?.textContent).toContain('It is no longer as you ask.');
  expect(gone?.textContent).not.toContain('running');
});

it('keeps older runs that were read while it was still', async () => {
  show(2);
  await table();
  fireEvent.pointerEnter(part());
  fireEvent.click(screen.getByRole('button', { name: 'Show older runs' }));
  await screen.findByRole('link', { name: 'task-01' });
  stored = [run(4), ...stored];
  await news();
  fireEvent.pointerLeave(part());
  expect(await tasks()).toEqual(['task-04', 'task-03', 'task-02', 'task-01']);
});

it('says what it is told to where there is no run', async () => {
  showLinked(<RunList filter={all} label="Runs" empty="It has not run yet." />, {
    'GET /runs': () => page(),
  });
  expect(await screen.findByText('It has not run yet.')).toBeTruthy();
});
