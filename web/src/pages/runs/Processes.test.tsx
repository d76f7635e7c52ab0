import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { runOf } from '../../data/runs';
import type { WireRun } from '../../data/wire';
import { page, problem, showPart } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aRun } from '../../testing/samples';
import { Processes } from './Processes';

type WireAttempt = NonNullable<WireRun['attempts']>[number];

const killed: WireAttempt = {
  number: 1,
  server: 'js-1',
  state: 'failed',
  reason: '',
  offered_at: '2026-01-31T09:05:00Z',
  started_at: '2026-01-31T09:05:00Z',
  ended_at: '2026-01-31T09:06:00Z',
  ground: null,
  exit: {
    kind: 'exited',
    code: 137,
    signal: 9,
    oom: true,
    detail: '',
    cpu_seconds: 12.34,
    duration_seconds: 60,
    peak_memory: 3 * 2 ** 20,
  },
  lease: null,
  log_bytes: 0,
  resumed_from: null,
  unavailable_after: null,
};

const point = (attempt: number, at: string, cpu: number, memory: number) => ({
  attempt,
  at,
  length: '5s',
  cpu,
  memory,
  processes: 2,
});

function showProcesses(run: Partial<WireRun>, answers: Answers = {}) {
  return showPart(<Processes run={runOf(aRun(run))} attempt={1} />, {
    'GET /runs/01J9/load': () => page(),
    ...answers,
  });
}

it('shows CPU and memory of all attempts, each with its last and its highest figure', async () => {
  showProcesses(
    {},
    {
      'GET /runs/01J9/load': () =>
        page(point(1, '2026-01-31T09:05:05Z', 1.5, 2048), point(2, '2026-01-31T09:07:05Z', 0.25, 1024)),
    },
  );
  const name = 'CPU, in cores: now or last 0.25 cores, most 1.50 cores';
  expect(await screen.findByRole('figure', { name })).toBeTruthy();
  expect(
    screen.getByRole('figure', { name: 'Memory of all processes: now or last 1.0 KiB, most 2.0 KiB' }),
  ).toBeTruthy();
});

it('says what an attempt used in all, and that the kernel killed it for want of memory', async () => {
  showProcesses({ state: 'failed', attempts: [killed] });
  expect(await screen.findByText('12.3 s')).toBeTruthy();
  expect(screen.getByText('3.0 MiB')).toBeTruthy();
  expect(screen.getByText('The kernel killed the job for want of memory.')).toBeTruthy();
});

it('promises figures while the run goes on, and none once it is over', async () => {
  const { unmount } = showProcesses({ state: 'running' });
  expect(await screen.findByText('The first figures come after five seconds.')).toBeTruthy();
  unmount();
  showProcesses({ state: 'succeeded' });
  expect(await screen.findByText(/^It was over before anything was measured/)).toBeTruthy();
});

it('says that the load could not be read', async () => {
  showProcesses({}, { 'GET /runs/01J9/load': () => problem(403, 'not for you') });
  expect(await screen.findByText('The load of the run could not be read')).toBeTruthy();
  expect(screen.getByText('not for you')).toBeTruthy();
});
