import { useQuery } from '@tanstack/react-query';
import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { virtualServers } from '../../data/virtualServers';
import type { Effect } from '../../data/virtualServers';
import { page, problem, showPart } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aVirtualServer } from '../../testing/samples';
import { Ghost, effectTexts, spoken, startText } from './Ghost';
import type { Move } from './moves';

const toReports: Move = { servers: ['js-1'], from: null, to: 'reports', position: null };

function showGhost(move: Move, preview: Answers[string]) {
  function Known() {
    const { data } = useQuery(virtualServers);
    return data ? <Ghost move={move} /> : null;
  }
  showPart(<Known />, {
    'GET /virtual-servers': () => page(aVirtualServer(), aVirtualServer({ name: 'reports', members: [] })),
    'POST /virtual-servers/preview': preview,
  });
}

const wire = (fields: object) => ({
  name: 'reports',
  placement: { at: '2026-01-31T09:05:00Z', reason: '', candidates: [], need: {} },
  before: { members: 0, taking: 0, slots: 0, slots_used: 0 },
  after: { members: 1, taking: 1, slots: 4, slots_used: 0 },
  stranded: [],
  queued: 7,
  could_start: 4,
  counted_in_part: false,
  ...fields,
});

it('says what a drop would bring, before it', async () => {
  showGhost(toReports, () => page(wire({})));
  expect(await screen.findByText('Drop js-1 here')).toBeTruthy();
  expect(await screen.findByText('reports: +1 server, +4 slots (0/0 → 0/4 slots)')).toBeTruthy();
  expect(screen.getByText('4 of 7 waiting runs could start')).toBeTruthy();
});

it('warns of tasks that would be left, and then says nothing of what could start', async () => {
  showGhost({ ...toReports, from: 'etl', to: null }, () => page(wire({ name: 'etl', stranded: ['load'] })));
  expect(await screen.findByText('Drop to take out js-1')).toBeTruthy();
  expect(await screen.findByText('load would have no eligible server in etl')).toBeTruthy();
  expect(screen.queryByText(/could start/)).toBeNull();
});

it('says that nothing would change, and asks nothing', async () => {
  let asked = 0;
  showGhost({ ...toReports, to: 'etl' }, () => {
    asked++;
    return page();
  });
  expect(await screen.findByText('Nothing would change: js-1 is a member already.')).toBeTruthy();
  expect(asked).toBe(0);
});

it('says where it could not be found out', async () => {
  showGhost(toReports, () => problem(422, 'the draft is wrong'));
  expect(await screen.findByText(/could not be found out: the draft is wrong/)).toBeTruthy();
});

const capacity = { members: 1, taking: 1, slots: 4, used: 2 };
const effect: Effect = {
  name: 'etl',
  placement: { at: new Date(), chosen: null, reason: '', selection: null, candidates: [] },
  before: capacity,
  after: { ...capacity, members: 3, slots: 36 },
  stranded: [],
  queued: 7,
  queuedMore: false,
  couldStart: 4,
};

it('says an effect in words', () => {
  expect(effectTexts(effect)).toEqual(['etl: +2 servers, +32 slots (2/4 → 2/36 slots)']);
  expect(effectTexts({ ...effect, after: capacity })).toEqual(['etl: another order (2/4 → 2/4 slots)']);
  expect(startText({ ...effect, queuedMore: true })).toBe('4 of the first 7 waiting runs could start');
  expect(spoken([effect])).toContain('4 of 7 waiting runs could start');
  expect(spoken([{ ...effect, after: capacity, stranded: ['load'] }])).toContain(
    'load would have no eligible server in etl',
  );
});
