import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { runOf } from '../../data/runs';
import type { Attempt } from '../../data/runs';
import { page, problem, showLinked } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aRun } from '../../testing/samples';
import { ServerThen } from './ServerThen';

const endedAt = new Date('2026-01-31T09:06:00Z');

const point = (at: string, span_seconds: number, cpu: number) => ({
  at,
  span_seconds,
  cpu,
  memory: 0.97,
  disk: 0.5,
  load1: 7.25,
  own_cpu: 1,
  running: 2,
});
const span = (run: string, task: string) => ({
  run,
  attempt: 1,
  task,
  server: 'js-1',
  state: 'running',
  from: '2026-01-31T09:00:00Z',
  to: null,
});

function showThen(answers: Answers) {
  const asked: URLSearchParams[] = [];
  const [attempt] = runOf(
    aRun({
      attempts: [
        {
          number: 2,
          server: 'js-1',
          state: 'failed',
          reason: '',
          offered_at: '2026-01-31T09:05:00Z',
          started_at: '2026-01-31T09:05:00Z',
          ended_at: endedAt.toISOString(),
          ground: null,
          exit: null,
          lease: null,
          log_bytes: 0,
          resumed_from: null,
          unavailable_after: null,
        },
      ],
    }),
  ).attempts as [Attempt];
  const load = answers['GET /servers/js-1/load'] ?? (() => page());
  showLinked(<ServerThen run="01J9" attempt={attempt} endedAt={endedAt} />, {
    'GET /timeline': () => page(),
    ...answers,
    'GET /servers/js-1/load': (request) => {
      asked.push(request.url.searchParams);
      return load(request);
    },
  });
  return asked;
}

it('says what the server carried when the attempt ended, and what else ran there', async () => {
  const asked = showThen({
    'GET /servers/js-1/load': () =>
      page(point('2026-01-31T09:05:52Z', 5, 0.2), point('2026-01-31T09:05:57Z', 5, 0.88)),
    'GET /timeline': ({ url }) =>
      url.searchParams.get('server') === 'js-1'
        ? page(span('01J9', 'load-orders'), span('01JX', 'daily-report'))
        : page(),
  });
  for (const text of ['88 %', '97 %', '50 %', '7.25', 'measured 3.0 s before']) {
    expect(await screen.findByText(text)).toBeTruthy();
  }
  expect(screen.getByRole('link', { name: 'daily-report' }).getAttribute('href')).toBe('/runs/01JX');
  expect(screen.queryByRole('link', { name: 'load-orders' })).toBeNull();
  expect(Date.parse(asked[0]?.get('to') ?? '')).toBe(endedAt.getTime() + 1);
});

it('says that figures are means, once no others are kept', async () => {
  showThen({ 'GET /servers/js-1/load': () => page(point('2026-01-31T09:00:00Z', 600, 0.2)) });
  expect(await screen.findByText(/^means of 10 m 0 s from/)).toBeTruthy();
  expect(screen.getByText('Nothing else ran there.')).toBeTruthy();
});

it('says that nothing was measured, or that it could not be read', async () => {
  showThen({});
  expect(await screen.findByText(/^Nothing was measured shortly before/)).toBeTruthy();
  showThen({ 'GET /servers/js-1/load': () => problem(403, 'not allowed') });
  expect(await screen.findByText('The state of the server could not be read')).toBeTruthy();
});
