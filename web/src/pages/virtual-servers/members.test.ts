import { expect, it } from 'vitest';

import { kept } from '../../data/kept';
import { serverOf } from '../../data/servers';
import { virtualServerOf } from '../../data/virtualServers';
import type { Standing } from '../../data/virtualServers';
import { aServer, aVirtualServer } from '../../testing/samples';
import { membersOf } from './members';

const etl = virtualServerOf(aVirtualServer({ members: ['js-2', 'js-1'] }));
const reports = virtualServerOf(aVirtualServer({ name: 'reports', members: ['js-3', 'js-9'] }));
const server = (name: string, fields = {}) => serverOf(aServer({ name, ...fields }));
const servers = [server('js-1'), server('js-2', { status: 'unreachable' }), server('js-3')];

const standing = (points: number): Standing => ({
  taking: 1,
  slots: 4,
  used: 0,
  next: null,
  queued: 0,
  queuedMore: false,
  verdicts: { 'js-1': { rating: { points, stars: 4 }, terms: [] } },
});

it('rates a member by the rule of its group once that is known, and by the server’s until then', () => {
  const members = membersOf([etl], servers, new Map([['etl', standing(70)]])).get('etl');
  expect(members?.map(({ name, state }) => [name, state])).toEqual([
    ['js-2', 'unreachable'],
    ['js-1', 'online'],
  ]);
  expect(members?.map(({ rating }) => rating?.points)).toEqual([96.04, 70]);
});

it('keeps the members of a group whose servers have stayed as they were', () => {
  const before = membersOf([etl, reports], servers, new Map([['etl', standing(70)]]));
  const after = kept(before, membersOf([etl, reports], servers, new Map([['etl', standing(60)]])));
  expect(after.get('reports')).toBe(before.get('reports'));
  expect(after.get('etl')).not.toBe(before.get('etl'));
  expect(after.get('etl')?.[0]).toBe(before.get('etl')?.[0]);
});

it('says nothing of a member that is not in the fleet, and of its rating', () => {
  const [, gone] = membersOf([reports], servers, undefined).get('reports') ?? [];
  expect(gone).toEqual({ name: 'js-9', state: 'online', rating: null, terms: [] });
});
