import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page } from '../../../testing/console';
import type { Answers } from '../../../testing/console';
import { button, nightly, showEditing } from '../../../testing/editing';
import { Details } from './Details';
import { keyOf } from './model';

const user = userEvent.setup();
const answers: Answers = {
  'GET /tasks': () => page(),
  'GET /tasks/extract-orders': () =>
    json({ name: 'extract-orders', target: {}, job: {}, params: {}, version: 1 }),
};
const extract = { kind: 'node', name: 'extract' } as const;
const edge = { kind: 'edge', from: 'extract', to: 'report', on: 'ok' } as const;
const grouped = { ...nightly, groups: [{ name: 'both', nodes: ['extract', 'report'] }], edges: [] };
const both = { kind: 'group', name: 'both' } as const;

it('changes the plan as a whole while nothing is chosen', async () => {
  const { now } = showEditing(<Details />, { answers });
  expect(screen.getByRole('heading', { name: 'Plan' })).toBeTruthy();
  await user.type(screen.getByLabelText('Description'), 'x');
  expect(now.spec.description).toBe('x');
});

it('changes a node: its timeout, whether it may fail, and its edges', async () => {
  const { now, ask } = showEditing(<Details />, { answers, chosen: extract });
  expect(screen.getByRole('heading', { name: 'Node extract' })).toBeTruthy();
  await user.type(screen.getByLabelText('Timeout'), '5m');
  await user.click(screen.getByLabelText(/^May fail/));
  expect(now.spec.nodes).toContainEqual({
    name: 'extract',
    task: 'extract-orders',
    timeout: '5m',
    may_fail: true,
  });
  await user.click(button('Connect to…'));
  expect(ask).toHaveBeenCalledWith({ kind: 'connect', from: 'extract' });
  await user.click(button('Remove the edge from extract to report'));
  expect(now.spec.edges).toBeUndefined();
  expect(screen.getByText('Nothing is joined with it yet.')).toBeTruthy();
});

it('puts a node into a new group, which is chosen then', async () => {
  const { now } = showEditing(<Details />, { answers, chosen: extract });
  await user.click(screen.getByRole('combobox', { name: 'Group' }));
  await user.click(await screen.findByRole('option', { name: 'a new group' }));
  expect(now.spec.groups).toEqual([{ name: 'group', nodes: ['extract'] }]);
  expect(screen.getByRole('heading', { name: 'Group group' })).toBeTruthy();
});

it('orders the nodes of a group, and takes them out', async () => {
  const { now, said } = showEditing(<Details />, { answers, spec: grouped, chosen: both });
  expect(button('Move extract up').disabled).toBe(true);
  await user.click(button('Move extract down'));
  expect(now.spec.groups).toEqual([{ name: 'both', nodes: ['report', 'extract'] }]);
  await user.click(screen.getAllByRole('button', { name: 'Take out' })[0] as HTMLElement);
  expect(now.spec.groups).toEqual([{ name: 'both', nodes: ['extract'] }]);
  expect(said).toEqual(['extract is number 2 in the group both', 'report is in no group any more']);
});

it('changes when an edge is taken, and keeps it chosen', async () => {
  const { now } = showEditing(<Details />, { answers, chosen: edge });
  await user.click(screen.getByText('on error'));
  expect(now.spec.edges).toEqual([{ from: 'extract', to: 'report', on: 'error' }]);
  expect(now.chosen).toEqual({ ...edge, on: 'error' });
});

it('removes what is chosen, says so, and goes back to the plan', async () => {
  const { now, said } = showEditing(<Details />, { answers, chosen: edge });
  await user.click(button('Remove'));
  expect(now.spec.edges).toBeUndefined();
  expect(said).toEqual(['The edge from extract to report is removed']);
  expect(screen.getByRole('heading', { name: 'Plan' })).toBeTruthy();
});

it('says at what is chosen why it was refused, and changes nothing for who may only look', () => {
  const faults = { [keyOf(edge)]: ['closes a cycle'] };
  showEditing(<Details />, { answers, chosen: edge, faults, readOnly: true });
  expect(within(screen.getByRole('region', { name: 'Details' })).getByText('closes a cycle')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Remove' })).toBeNull();
});
