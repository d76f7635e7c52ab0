import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { page, problem } from '../../../testing/console';
import { button, nightly, showEditing } from '../../../testing/editing';
import { AddNode, ConditionChoice, ConnectTo } from './Questions';

const user = userEvent.setup();
const answers = { 'GET /tasks': () => page({ name: 'alarm' }, { name: 'load' }) };
const choose = async (label: string, option: string) => {
  await user.click(screen.getByRole('combobox', { name: label }));
  await user.click(await screen.findByRole('option', { name: option }));
};

it('adds a node by its task, after what it follows, and chooses it', async () => {
  const close = vi.fn();
  const { now, said } = showEditing(<AddNode follows="report" close={close} />, { answers });
  expect(button('Add').disabled).toBe(true);
  await choose('Task', 'alarm');
  await user.click(screen.getByText('on error'));
  await user.click(button('Add'));
  expect(now.spec.nodes).toContainEqual({ name: 'alarm', task: 'alarm' });
  expect(now.spec.edges).toContainEqual({ from: 'report', to: 'alarm', on: 'error' });
  expect(now.chosen).toEqual({ kind: 'node', name: 'alarm' });
  expect(said).toEqual(['The node alarm is added']);
  expect(close).toHaveBeenCalledTimes(1);
});

it('adds one that follows nothing', async () => {
  const { now } = showEditing(<AddNode follows="report" close={vi.fn()} />, { answers });
  await choose('Task', 'load');
  await choose('Follows', 'nothing');
  expect(screen.queryByRole('radiogroup', { name: 'When it follows' })).toBeNull();
  await user.click(button('Add'));
  expect(now.spec.edges).toEqual(nightly.edges);
});

it('says in the list itself that tasks are on their way, and that none is so called', async () => {
  let answer: (answer: Response) => void = () => undefined;
  const later = { 'GET /tasks': () => new Promise<Response>((resolve) => (answer = resolve)) };
  showEditing(<AddNode follows={null} close={vi.fn()} />, { answers: later });
  await user.click(screen.getByRole('combobox', { name: 'Task' }));
  expect(await screen.findByRole('option', { name: 'loading…' })).toBeTruthy();
  answer(page({ name: 'load' }));
  await screen.findByRole('option', { name: 'load' });
  await user.keyboard('unload');
  expect(await screen.findByRole('option', { name: 'There is no such task.' })).toBeTruthy();
});

it('says why the tasks could not be read, and adds nothing where one leaves it', async () => {
  const close = vi.fn();
  const broken = { 'GET /tasks': () => problem(400, 'the cursor is bad') };
  const { now } = showEditing(<AddNode follows={null} close={close} />, { answers: broken });
  expect(await screen.findByText('The tasks could not be read: the cursor is bad')).toBeTruthy();
  await user.click(button('Do nothing'));
  expect(close).toHaveBeenCalledTimes(1);
  expect(now.spec).toEqual(nightly);
});

it('draws an edge, and warns before it closes a cycle', async () => {
  const { said } = showEditing(<ConnectTo from="report" close={vi.fn()} />);
  expect(button('Connect').disabled).toBe(true);
  await choose('Node or group', 'extract');
  expect(screen.getByText(/closes a cycle, which will be refused: report → extract → report/)).toBeTruthy();
  await user.click(screen.getByText('after'));
  await user.click(button('Connect'));
  expect(said).toEqual(['extract follows report after']);
});

it('offers each condition of an edge', async () => {
  const onChange = vi.fn();
  showEditing(<ConditionChoice value="ok" onChange={onChange} />);
  const conditions = screen.getAllByRole<HTMLInputElement>('radio');
  expect(conditions.map(({ value, checked }) => [value, checked])).toEqual([
    ['ok', true],
    ['error', false],
    ['after', false],
  ]);
  await user.click(screen.getByText('after'));
  expect(onChange.mock.lastCall?.[0]).toBe('after');
});
