import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { button, showEditing } from '../../../testing/editing';
import { Toolbar } from './Toolbar';

const user = userEvent.setup();
const tools = { zoom: 1, setZoom: vi.fn(), arrangeAnew: null, withYaml: true, showYaml: vi.fn() };

it('adds a node after what is chosen', async () => {
  const { ask } = showEditing(<Toolbar {...tools} />, { chosen: { kind: 'node', name: 'extract' } });
  await user.click(button('Add a node…'));
  expect(ask).toHaveBeenCalledWith({ kind: 'add', follows: 'extract' });
});

it('adds a group around what is chosen, or an empty one, and chooses it', async () => {
  const { now, said } = showEditing(<Toolbar {...tools} />, { chosen: { kind: 'node', name: 'extract' } });
  await user.click(button('Group extract'));
  expect(now.spec.groups).toEqual([{ name: 'group', nodes: ['extract'] }]);
  expect(now.chosen).toEqual({ kind: 'group', name: 'group' });
  await user.click(button('Add a group'));
  expect(now.chosen).toEqual({ kind: 'group', name: 'group-2' });
  expect(said).toEqual(['The group group is added', 'The group group-2 is added']);
});

it('makes the canvas smaller and larger, but not without end', async () => {
  const setZoom = vi.fn();
  showEditing(<Toolbar {...tools} zoom={1.5} setZoom={setZoom} />);
  expect(screen.getByText('150 %')).toBeTruthy();
  expect(button('Larger').disabled).toBe(true);
  await user.click(button('Smaller'));
  expect(setZoom).toHaveBeenCalledWith(1.25);
});

it('shows and hides the YAML, and arranges anew what was moved', async () => {
  const [showYaml, arrangeAnew] = [vi.fn(), vi.fn()];
  showEditing(<Toolbar {...tools} showYaml={showYaml} arrangeAnew={arrangeAnew} />);
  expect(button('YAML').getAttribute('aria-pressed')).toBe('true');
  await user.click(button('YAML'));
  expect(showYaml).toHaveBeenCalledWith(false);
  await user.click(button('Arrange anew'));
  expect(arrangeAnew).toHaveBeenCalledTimes(1);
});

it('offers no change to who may only look', () => {
  showEditing(<Toolbar {...tools} />, { readOnly: true });
  expect(screen.queryByRole('button', { name: /Add/ })).toBeNull();
  expect(button('Smaller')).toBeTruthy();
});
