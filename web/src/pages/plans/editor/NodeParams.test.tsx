import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page } from '../../../testing/console';
import type { Answers } from '../../../testing/console';
import { nightly, showEditing } from '../../../testing/editing';
import { NodeParams } from './NodeParams';

const user = userEvent.setup();
const task = (params: object) => json({ name: 'report-orders', target: {}, job: {}, params, version: 1 });
const answers: Answers = {
  'GET /tasks/report-orders': () => task({ rows: '0' }),
  'GET /runs': () => page(),
};
const params = <NodeParams index={1} node="report" task="report-orders" />;
const withParams = (values: object) => ({
  ...nightly,
  params: { date: 'today' },
  nodes: [
    { name: 'extract', task: 'extract-orders' },
    { name: 'report', task: 'report-orders', params: { ...values } },
  ],
});

it('shows what the task says where the node says nothing, and takes what is written', async () => {
  const { now } = showEditing(params, { answers });
  const rows = await screen.findByLabelText<HTMLInputElement>('rows');
  expect(rows.placeholder).toBe('0');
  await user.type(rows, '12');
  expect(now.spec.nodes).toContainEqual({ name: 'report', task: 'report-orders', params: { rows: '12' } });
  await user.clear(rows);
  expect(JSON.stringify(now.spec.nodes)).not.toContain('rows');
});

it('keeps on show a parameter that the task has not, and says so', async () => {
  showEditing(params, { answers, spec: withParams({ colour: 'red' }) });
  expect(await screen.findByText('The task has no such parameter.')).toBeTruthy();
  expect(screen.getByLabelText<HTMLInputElement>('colour').value).toBe('red');
});

it('says that there are none, and what was refused of one', async () => {
  const none = { ...answers, 'GET /tasks/report-orders': () => task({}) };
  showEditing(params, { answers: none });
  expect(await screen.findByText('The task has no parameters.')).toBeTruthy();
});

it('says at a parameter what was refused of it', async () => {
  const errors = { 'nodes[1].params.rows': 'names no node that comes before' };
  showEditing(params, { answers, errors });
  expect(await screen.findByText('names no node that comes before')).toBeTruthy();
});

it('fills in parameters of the plan, and outputs of nodes that come before', async () => {
  const { now } = showEditing(params, { answers, spec: withParams({ rows: 'of ' }) });
  await user.click(await screen.findByRole('button', { name: 'What can be filled in for rows' }));
  expect(await screen.findByRole('menuitem', { name: 'extract: an output, by its name' })).toBeTruthy();
  await user.click(screen.getByRole('menuitem', { name: 'date' }));
  expect(JSON.stringify(now.spec.nodes)).toContain('"rows":"of ${{ params.date }}"');
});
