import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';

import type { WireRun } from '../../data/wire';
import { json, page, show, signedIn } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aPlanRun, aRun, anAttempt } from '../../testing/samples';

const checkpoint = (sequence: number) => ({
  sequence,
  attempt: 1,
  name: `part ${sequence}`,
  label: '',
  instructions: sequence === 2 ? 'Mail the owner before you go on.' : '',
  step: 0,
  size: 2048,
  sha256: 'x',
  created_at: '2026-01-31T09:05:10Z',
});

const moved = aRun({
  attempt: 2,
  server: 'js-2',
  state: 'running',
  progress: { percent: 42, message: 'loading' },
  params: { date: '2026-01-01' },
  attempts: [
    anAttempt({ state: 'unavailable', ended_at: '2026-01-31T09:06:00Z', reason: 'its lease expired' }),
    anAttempt({
      number: 2,
      server: 'js-2',
      started_at: '2026-01-31T09:06:05Z',
      ground: 'lease expired',
      resumed_from: 2,
      placement: {
        at: '2026-01-31T09:06:04Z',
        chosen: 'js-2',
        need: { cpu: 1, memory: 0, slots: 1, source: 'assumed' },
        reason: 'js-2 was chosen: highest rating 88.1',
        candidates: [],
      },
    }),
  ],
  checkpoints: [checkpoint(1), checkpoint(2)],
});

/** The events of a log: what was written, then its end. */
function log(attempt: number, ...written: string[]): () => Response {
  const pieces = written.map((text) => ({ at: '2026-01-31T09:05:00Z', stream: 'stdout', text }));
  const chunk = { attempt, offset: 0, next: 6, end: false, pieces };
  return () =>
    new Response(`event: output\nid: 1:6\ndata: ${JSON.stringify(chunk)}\n\nevent: end\ndata: {}\n\n`);
}

function showRun(run: WireRun, address = '', answers: Answers = {}) {
  return show(`/runs/${run.id}${address}`, {
    ...signedIn,
    [`GET /runs/${run.id}`]: () => json(run),
    [`GET /runs/${run.id}/log`]: log(run.attempt, 'hello\n'),
    [`GET /runs/${run.id}/events`]: () => page(),
    [`GET /runs/${run.id}/load`]: () => page(),
    ...answers,
  });
}

describe('the page of a run', () => {
  it('tells state, progress, where it is, and what each attempt took over', async () => {
    showRun(moved);
    expect(await screen.findByText('42 % loading', {}, { timeout: 10_000 })).toBeTruthy();
    expect(screen.getByText(/attempt 2\)/)).toBeTruthy();
    const second = screen.getByRole('button', { name: /^2.*js-2/ });
    expect(within(second).getByText(/from checkpoint 2 “part 2”.*began because: lease expired/)).toBeTruthy();
    await waitFor(() => expect(screen.getByText('1 line · complete')).toBeTruthy());
  }, 20_000);

  it.each([
    { fact: 'Takes', value: / so far$/, run: { started_at: '2026-01-31T09:05:00Z' } },
    {
      fact: 'Took',
      value: /^1 m 0 s$/,
      run: {
        state: 'succeeded',
        started_at: '2026-01-31T09:05:00Z',
        ended_at: '2026-01-31T09:06:00Z',
      },
    },
  ] as const)('says what a run “$fact”', async ({ fact, value, run }) => {
    showRun(aRun(run));
    const summary = await screen.findByRole('region', { name: 'Summary' });
    expect(within(summary).getByText(fact).nextSibling?.textContent).toMatch(value);
  });

  it('says nothing of how long a run takes that has not begun', async () => {
    showRun(aRun({ state: 'queued', server: null, attempt: 0 }));
    const summary = await screen.findByRole('region', { name: 'Summary' });
    expect(within(summary).queryByText(/^(Took|Takes)$/)).toBeNull();
  });

  it('says why it is here', async () => {
    showRun(moved, '?part=why');
    expect(await screen.findByText('js-2 was chosen: highest rating 88.1')).toBeTruthy();
  });

  it('says that there is no such run', async () => {
    show('/runs/none', signedIn);
    expect(await screen.findByText('The run could not be read')).toBeTruthy();
    expect(screen.getByText('there is nothing at /runs/none')).toBeTruthy();
  });

  it('recovers from the checkpoint that is chosen, and shows what the job wrote for that', async () => {
    const sent: unknown[] = [];
    showRun(moved, '?part=checkpoints', {
      [`POST /runs/${moved.id}/recover`]: ({ body }) => {
        sent.push(body);
        return json(moved);
      },
    });
    const user = userEvent.setup();
    await user.click(await screen.findByRole('button', { name: 'Recover from checkpoint 1' }));
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getByText('Mail the owner before you go on.')).toBeTruthy();
    await user.click(within(dialog).getByRole('button', { name: 'Recover' }));
    await waitFor(() => expect(sent).toEqual([{ checkpoint: 1 }]));
  });

  it('asks before it cancels, and offers only what can be done', async () => {
    let cancelled = 0;
    showRun(moved, '', {
      [`POST /runs/${moved.id}/cancel`]: () => {
        cancelled++;
        return json(moved);
      },
    });
    const user = userEvent.setup();
    await user.click(await screen.findByRole('button', { name: 'Cancel…' }));
    const dialog = await screen.findByRole('dialog');
    expect(cancelled).toBe(0);
    await user.click(within(dialog).getByRole('button', { name: 'Cancel run' }));
    await waitFor(() => expect(cancelled).toBe(1));
  });

  it('does not offer to cancel or to recover what has succeeded', async () => {
    showRun(aRun({ state: 'succeeded', ended_at: '2026-01-31T09:06:00Z' }));
    expect(await screen.findByRole('button', { name: 'Run again…' })).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Cancel…' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Recover…' })).toBeNull();
  });

  it.each([
    [{ kind: 'trigger' as const, by: 'nightly' }, 'nightly', '/tasks/load-orders?part=triggers'],
    [{ kind: 'chain' as const, by: 'extract 01J8' }, 'extract', '/runs/01J8'],
    [{ kind: 'plan' as const, by: '01JP/load' }, 'month-end', '/plans/month-end/runs/01JP'],
  ])('leads to what asked for it: %j', async (cause, name, address) => {
    showRun({ ...moved, cause }, '', {
      'GET /plan-runs/01JP': () => json(aPlanRun({ id: '01JP', plan: 'month-end', nodes: [] })),
    });
    const link = await screen.findByRole('link', { name });
    expect(link.getAttribute('href')).toBe(address);
  });

  it('says when a run is tried again, and which server it keeps away from', async () => {
    showRun({
      ...moved,
      state: 'queued',
      next: { reason: 'it is tried again', checkpoint: 2, avoid: 'js-2', not_before: '2026-01-31T09:10:00Z' },
    } as WireRun);
    expect(await screen.findByText('It goes on from checkpoint 2.')).toBeTruthy();
    expect(screen.getByText(/^Not before .*2026/)).toBeTruthy();
    expect(screen.getByText(/^js-2, which it has just left, is avoided/)).toBeTruthy();
  });

  it('keeps a run that retention would remove', async () => {
    let pinned = false;
    show(`/runs/${moved.id}`, {
      ...signedIn,
      [`GET /runs/${moved.id}`]: () => json({ ...moved, pinned }),
      [`GET /runs/${moved.id}/log`]: log(moved.attempt, 'hello\n'),
      [`POST /runs/${moved.id}/pin`]: () => {
        pinned = true;
        return json({ ...moved, pinned });
      },
    });
    const user = userEvent.setup();
    await user.click(await screen.findByRole('button', { name: 'More that can be done' }));
    await user.click(await screen.findByRole('menuitem', { name: /^Keep it/ }));
    expect(await screen.findByText(/· kept$/)).toBeTruthy();
  });
});
