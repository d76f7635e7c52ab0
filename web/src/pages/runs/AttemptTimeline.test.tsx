import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it, vi } from 'vitest';

import { runOf } from '../../data/runs';
import { showPart } from '../../testing/console';
import { aRun, anAttempt } from '../../testing/samples';
import type { WireAttempt } from '../../testing/samples';
import { AttemptTimeline, whyOf } from './AttemptTimeline';

const moved = runOf(
  aRun({
    attempt: 2,
    server: 'js-2',
    attempts: [
      anAttempt({
        state: 'unavailable',
        reason: 'its lease expired',
        ended_at: '2026-01-31T09:06:00Z',
      }),
      anAttempt({
        number: 2,
        server: 'js-2',
        state: 'succeeded',
        started_at: '2026-01-31T09:06:05Z',
        ended_at: '2026-01-31T09:07:00Z',
        ground: 'lease expired',
        resumed_from: 1,
      }),
    ],
    checkpoints: [
      {
        sequence: 1,
        attempt: 1,
        name: 'half',
        label: '',
        instructions: '',
        step: 0,
        size: 1,
        sha256: 'x',
        created_at: '2026-01-31T09:05:30Z',
      },
    ],
  }),
);

const width = 400;

/** A browser that tells how wide what is drawn may be. */
class Wide {
  constructor(private readonly tell: ResizeObserverCallback) {}
  observe = () => {
    const entry = { contentRect: { width, height: 90 } } as unknown as ResizeObserverEntry;
    this.tell([entry], this);
  };
  unobserve = vi.fn();
  disconnect = vi.fn();
}

beforeEach(() => {
  vi.stubGlobal('ResizeObserver', Wide);
  vi.stubGlobal('requestAnimationFrame', (act: FrameRequestCallback) => setTimeout(() => act(0)));
});

/** What is drawn with words that show on hovering. */
function drawn(words: string): Element {
  const title = [...document.querySelectorAll('title')].find((t) => t.textContent.split('\n')[0] === words);
  if (!title?.parentElement) throw new Error(`nothing is drawn as “${words}”`);
  return title.parentElement;
}

it('lists the attempts with server, state, how long each took and why it began, and tells which is shown', () => {
  showPart(<AttemptTimeline run={moved} shown={2} show={vi.fn()} />);
  const [first, second] = screen.getAllByRole('button') as [HTMLElement, HTMLElement];
  for (const text of ['js-1', 'unavailable', '1 m 0 s', 'its lease expired']) {
    expect(within(first).getByText(text)).toBeTruthy();
  }
  expect(first.getAttribute('aria-pressed')).toBe('false');
  for (const text of ['js-2', 'succeeded', '55 s']) expect(within(second).getByText(text)).toBeTruthy();
  expect(
    within(second).getByText(/^from checkpoint 1 “half” .* · began because: lease expired$/),
  ).toBeTruthy();
  expect(second.getAttribute('aria-pressed')).toBe('true');
});

it('shows another attempt when its words are pressed, by keyboard too, or its bar', async () => {
  const show = vi.fn();
  showPart(<AttemptTimeline run={moved} shown={2} show={show} />);
  const user = userEvent.setup();
  await user.tab();
  await user.keyboard('{Enter}');
  expect(show).toHaveBeenLastCalledWith(1);
  await user.click(drawn('attempt 2: succeeded'));
  expect(show).toHaveBeenLastCalledWith(2);
});

it('draws a bar an attempt, a mark a checkpoint, a cross where one was given up, and the way from the checkpoint on', () => {
  const { container } = showPart(<AttemptTimeline run={moved} shown={2} show={vi.fn()} />);
  expect(drawn('attempt 1: unavailable').tagName).toBe('rect');
  expect(drawn('attempt 2: succeeded').tagName).toBe('rect');
  expect(drawn('checkpoint 1: half').tagName).toBe('circle');
  expect(drawn('attempt 1: unavailable').textContent).toMatch(/\nfrom .* UTC\nto .* UTC$/);
  expect(drawn('checkpoint 1: half').textContent).toMatch(/ UTC$/);
  expect(container.querySelectorAll('path[data-checkpoint="1"]')).toHaveLength(1);
  expect(container.querySelectorAll('path[transform]')).toHaveLength(1);
});

it('keeps the labels of its axis within the picture, also where a tick stands at its very beginning', async () => {
  const { container } = showPart(<AttemptTimeline run={moved} shown={2} show={vi.fn()} />);
  await vi.waitFor(() => expect(container.querySelector('svg')?.getAttribute('width')).toBe(String(width)));
  const labels = [...container.querySelectorAll('svg text')];
  expect(labels.length).toBeGreaterThan(1);
  for (const label of labels) {
    const at = Number(label.getAttribute('x'));
    const half = (label.textContent.length * 6.4) / 2;
    expect(at - half, label.textContent).toBeGreaterThanOrEqual(0);
    expect(at + half, label.textContent).toBeLessThanOrEqual(width);
  }
});

it('says an exit once, in the reason or after it', () => {
  const exit = { code: 3, detail: 'exit code 3' } as WireAttempt['exit'];
  const why = (reason: string) => {
    const run = runOf(aRun({ attempts: [anAttempt({ exit, reason })] }));
    return whyOf(run.attempts[0] as (typeof run.attempts)[number], run);
  };
  expect(why('it failed')).toBe('it failed · exit code 3');
  expect(why('it failed: exit code 3')).toBe('it failed: exit code 3');
});
