import { expect, it } from 'vitest';

import { aDelivery, aRun, aSample, aServer, aSummary } from '../testing/samples';
import { chosenOf, countsOf, moreOf, skewText, troublesOf } from './attention';
import { deliveryOf } from './notices';
import { runOf } from './runs';
import { serverOf } from './servers';
import { summaryOf } from './summary';

const fleet = [
  serverOf(aServer()),
  serverOf(aServer({ name: 'js-2', status: 'unreachable' })),
  serverOf(aServer({ name: 'js-3', status: 'unavailable' })),
  serverOf(aServer({ name: 'js-4', load: aSample({ agent_clock: '2026-01-31T09:04:50Z' }) })),
  serverOf(aServer({ name: 'js-5', quarantine: 'its runs fail at once' })),
];

it('tells what is wrong, servers that are gone first, and each run once', () => {
  const queued = (id: string) => runOf(aRun({ id, state: 'queued' }));
  const runs = {
    unknown: [runOf(aRun({ id: 'U', state: 'unknown' }))],
    failed: [runOf(aRun({ id: 'F', state: 'failed', reason: 'exit code 3' }))],
    late: [queued('L')],
    waiting: [queued('L'), queued('Q')],
  };
  const troubles = troublesOf(fleet, runs, []);
  expect(troubles.map(({ key }) => key)).toEqual([
    'server/js-3',
    'server/js-2',
    'server/js-5',
    'run/U',
    'run/F',
    'run/L',
    'run/Q',
    'clock/js-4',
  ]);
  expect(troubles[4]?.text).toBe('exit code 3');
  expect(troubles[5]?.text).toBe('late');
  expect(troubles[7]?.text).toContain('10 s behind');
});

it('tells of each channel once that it gave up, with why it did last', () => {
  const dead = (id: string, channel: string, lastError: string) =>
    deliveryOf(aDelivery({ id, channel, last_error: lastError }));
  const none = { unknown: [], failed: [], late: [], waiting: [] };
  const given = [dead('D3', 'chat', 'no such host'), dead('D2', 'mail', ''), dead('D1', 'chat', 'older')];
  expect(troublesOf([], none, given).map(({ key, subject, text }) => [key, subject.name, text])).toEqual([
    ['delivery/D3', 'chat', '“load failed” was not delivered: no such host'],
    ['delivery/D2', 'mail', '“load failed” was not delivered'],
  ]);
});

it('takes the numbers of runs and triggers from the conductor, however many were read', () => {
  const wire = aSummary({
    wait_long: 1200,
    failed: 70_000,
    late: 2,
    paused_triggers: 3,
    pauses: 1,
    dead_deliveries: 5,
  });
  wire.open_runs.unknown = 700;
  const counts = countsOf(fleet, summaryOf(wire));
  expect(counts.map(({ word, count }) => [word, count])).toEqual([
    ['servers', 4],
    ['unknown', 700],
    ['failed today', 70_000],
    ['late', 2],
    ['waiting for long', 1200],
    ['dead deliveries', 5],
    ['paused', 4],
  ]);
  expect(countsOf([], summaryOf(aSummary()))).toEqual([]);
});

const unavailable = Array.from({ length: 12 }, (_, i) =>
  serverOf(aServer({ name: `js-${i}`, status: 'unavailable' })),
);
const many = (state: 'unknown' | 'failed', size: number) =>
  Array.from({ length: size }, (_, i) => runOf(aRun({ id: `${state}-${i}`, state })));

it('leaves no kind of trouble unseen for many of another, and says how much more there is', () => {
  const runs = { unknown: many('unknown', 1), failed: many('failed', 20), late: [], waiting: [] };
  const chosen = chosenOf(troublesOf(unavailable, runs, []), 10);
  expect(chosen.map(({ kinds: [kind] }) => kind)).toEqual([
    ...Array.from({ length: 5 }, () => 'servers'),
    'unknown',
    ...Array.from({ length: 4 }, () => 'failed'),
  ]);
  const wire = aSummary({ failed: 70, paused_triggers: 3 });
  wire.open_runs.unknown = 1;
  const more = moreOf(countsOf(unavailable, summaryOf(wire)), chosen, 2);
  expect(more.map(({ word, count }) => [word, count])).toEqual([
    ['servers', 7],
    ['failed today', 66],
    ['paused', 1],
  ]);
});

it('counts a run that is late and unknown as shown for both', () => {
  const [run] = many('unknown', 1);
  const runs = { unknown: run ? [run] : [], failed: [], late: run ? [run] : [], waiting: [] };
  const shown = troublesOf([], runs, []);
  expect(shown.map(({ kinds }) => kinds)).toEqual([['late', 'unknown']]);
  const wire = aSummary({ late: 1 });
  wire.open_runs.unknown = 1;
  expect(moreOf(countsOf([], summaryOf(wire)), shown, 0)).toEqual([]);
});

it('says by how much a clock is off', () => {
  expect(skewText(3200)).toBe('3.2 s ahead of');
  expect(skewText(-61_000)).toBe('61 s behind');
});
