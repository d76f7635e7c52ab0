import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { virtualServerOf } from '../../data/virtualServers';
import { json, nothing, page, show, signedIn } from '../../testing/console';
import type { Answers, Asked } from '../../testing/console';
import { aServer, aVirtualServer } from '../../testing/samples';
import { placeAmong } from './useDragHandlers';
import { stepped } from './useKeyboardCarry';

const etl = aVirtualServer({ members: ['js-1', 'js-2'] });
const reports = aVirtualServer({ name: 'reports', members: [], selection: 'priority' });

/** Answers previews with slots of 4 for each member, and with the tasks that would be stranded. */
const preview =
  (stranded: string[] = []) =>
  ({ body }: Asked) => {
    const drafts = (body as { virtual_servers: { name: string; members: string[] }[] }).virtual_servers;
    return page(
      ...drafts.map(({ name, members }) => ({
        name,
        placement: { at: '2026-01-31T09:05:00Z', reason: 'it is best', candidates: [], need: {} },
        before: { members: 2, taking: 2, slots: 8, slots_used: 1 },
        after: { members: members.length, taking: members.length, slots: 4 * members.length, slots_used: 1 },
        stranded: members.length === 0 ? stranded : [],
        queued: 3,
        could_start: 2,
        counted_in_part: false,
      })),
    );
  };

const fleet: Answers = {
  ...signedIn,
  'GET /servers': () => page(aServer(), aServer({ name: 'js-2' })),
  'GET /virtual-servers': () => page(etl, reports),
  'POST /virtual-servers/preview': preview(),
};

it('shows the groups with their members and where the next run would go', async () => {
  show('/virtual-servers', fleet);
  const group = await screen.findByRole('article', { name: 'etl' });
  expect(within(group).getByRole('list', { name: 'Members of etl' }).textContent).toContain('js-2');
  expect(await within(group).findByText('2 of 2 take runs · 1/8 slots')).toBeTruthy();
});

it('moves a server by its menu, and takes it back upon Undo', async () => {
  const asked: string[] = [];
  const note = (what: string) => () => {
    asked.push(what);
    return what.startsWith('DELETE') ? nothing() : json(etl);
  };
  show('/virtual-servers', {
    ...fleet,
    'PUT /virtual-servers/reports/members/js-1': note('PUT reports js-1'),
    'DELETE /virtual-servers/etl/members/js-1': note('DELETE etl js-1'),
    'PUT /virtual-servers/etl/members/js-1': note('PUT etl js-1'),
    'DELETE /virtual-servers/reports/members/js-1': note('DELETE reports js-1'),
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'What to do with js-1 in etl' }));
  const items = await screen.findAllByRole('menuitem', { name: 'reports' });
  await user.click(items[0] as HTMLElement);
  expect(await screen.findByText('js-1: etl → reports')).toBeTruthy();
  expect(asked).toEqual(['PUT reports js-1', 'DELETE etl js-1']);
  await user.click(screen.getByRole('button', { name: 'Undo' }));
  await waitFor(() => expect(asked.slice(2).sort()).toEqual(['DELETE reports js-1', 'PUT etl js-1']));
});

it('says of a server that is in every virtual server that it is', async () => {
  const both = [etl, { ...reports, members: ['js-1'] }];
  show('/virtual-servers', { ...fleet, 'GET /virtual-servers': () => page(...both) });
  await userEvent.click(await screen.findByRole('button', { name: 'What to do with js-1 in etl' }));
  expect(await screen.findByText('js-1 is in every virtual server')).toBeTruthy();
});

it('tells the virtual servers to move to from those to be in as well, for who listens too', async () => {
  show('/virtual-servers', fleet);
  await userEvent.click(await screen.findByRole('button', { name: 'What to do with js-1 in etl' }));
  for (const name of ['Move to…', 'Also add to…']) {
    const part = await screen.findByRole('group', { name });
    expect(within(part).getByRole('menuitem', { name: 'reports' })).toBeTruthy();
  }
});

it('names the tasks before the last eligible server is taken, and does nothing unless told to', async () => {
  let taken = 0;
  show('/virtual-servers', {
    ...fleet,
    'GET /virtual-servers': () => page(aVirtualServer({ members: ['js-1'] })),
    'POST /virtual-servers/preview': preview(['load-orders']),
    'DELETE /virtual-servers/etl/members/js-1': () => {
      taken++;
      return nothing();
    },
  });
  const user = userEvent.setup();
  const takeOut = async () => {
    await user.click(await screen.findByRole('button', { name: 'What to do with js-1 in etl' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Take out of etl' }));
  };
  await takeOut();
  const tasks = await screen.findByRole('list', { name: 'Tasks that lose their last server' });
  expect(tasks.textContent).toBe('load-orders');
  await user.click(screen.getByRole('button', { name: 'Leave it as it is' }));
  expect(taken).toBe(0);
  await takeOut();
  await user.click(await screen.findByRole('button', { name: 'Move js-1 all the same' }));
  await waitFor(() => expect(taken).toBe(1));
});

it('carries by keyboard alone, and says where it is held and what it would mean', async () => {
  const asked: string[] = [];
  show('/virtual-servers', {
    ...fleet,
    'PUT /virtual-servers/reports/members/js-2': () => {
      asked.push('put');
      return json(reports);
    },
    'DELETE /virtual-servers/etl/members/js-2': () => {
      asked.push('take');
      return nothing();
    },
  });
  const group = await screen.findByRole('article', { name: 'etl' });
  const handle = within(group).getByRole('button', { name: 'Lift js-2' });
  const spokenText = () => document.querySelector('[data-spoken]')?.textContent ?? '';
  const press = (key: string) => fireEvent.keyDown(handle, { key });
  press(' ');
  expect(spokenText()).toContain('js-2 lifted');
  press('ArrowDown');
  await waitFor(() => expect(spokenText()).toMatch(/^reports\. etl: −1 server/));
  press('Escape');
  expect(spokenText()).toBe('js-2 returned');
  expect(asked).toEqual([]);
  press(' ');
  press('ArrowDown');
  press(' ');
  expect(spokenText()).toBe('js-2 dropped on reports');
  await waitFor(() => expect(asked).toEqual(['put', 'take']));
});

it('a drop counts although the ghost was still asking what it would mean', async () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const note = (what: string) => () => {
    asked.push(what);
    return nothing();
  };
  show('/virtual-servers', {
    ...fleet,
    'POST /virtual-servers/preview': (call) =>
      new Promise((resolve) => answers.push(() => resolve(preview()(call)))),
    'PUT /virtual-servers/reports/members/js-2': note('put'),
    'DELETE /virtual-servers/etl/members/js-2': note('take'),
  });
  const handle = await screen.findByRole('button', { name: 'Lift js-2' });
  for (const key of [' ', 'ArrowDown']) fireEvent.keyDown(handle, { key });
  const asking = 'Looking at what it would mean…';
  await screen.findByText(asking);
  fireEvent.keyDown(handle, { key: ' ' });
  await waitFor(() => expect(screen.queryByText(asking)).toBeNull());
  await waitFor(() => {
    answers.splice(0).forEach((answer) => answer());
    expect(asked).toEqual(['put', 'take']);
  });
});

const groups = [
  virtualServerOf(etl),
  virtualServerOf(aVirtualServer({ name: 'reports', members: ['a', 'b'], selection: 'priority' })),
];

it('arrows lead round the groups, and among the members where the place counts', () => {
  const etlOver = { group: 'etl', position: null };
  expect(stepped(null, 'ArrowDown', groups, false)).toEqual(etlOver);
  const there = stepped(etlOver, 'ArrowDown', groups, false);
  expect(there).toEqual({ group: 'reports', position: null });
  expect(stepped(there, 'ArrowDown', groups, false)).toEqual(etlOver);
  expect(stepped(etlOver, 'ArrowUp', groups, false)).toEqual(there);
  expect(stepped(there, 'ArrowLeft', groups, false)).toEqual({ group: 'reports', position: 1 });
  expect(stepped({ group: 'reports', position: 0 }, 'ArrowLeft', groups, false)).toEqual({
    group: 'reports',
    position: 0,
  });
  expect(stepped(etlOver, 'ArrowRight', groups, false)).toEqual(etlOver);
});

it('a point is before the first member whose middle lies after it', () => {
  const box = (left: number, top: number) => ({ left, width: 100, top, bottom: top + 40 });
  const boxes = [box(0, 0), box(110, 0), box(0, 50)];
  expect(placeAmong(boxes, 20, 20)).toBe(0);
  expect(placeAmong(boxes, 80, 20)).toBe(1);
  expect(placeAmong(boxes, 300, 20)).toBe(2);
  expect(placeAmong(boxes, 80, 70)).toBe(3);
  expect(placeAmong([], 5, 5)).toBe(0);
});
