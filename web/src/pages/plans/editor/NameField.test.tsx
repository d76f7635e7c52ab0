import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { nightly, showEditing } from '../../../testing/editing';
import { GroupSelect, NameField, newGroup } from './NameField';

const user = userEvent.setup();
const field = () => screen.getByLabelText<HTMLInputElement>('Name');
const rename = async (text: string) => {
  await user.clear(field());
  await user.type(field(), text);
};

it('takes a name once it is written to its end, at edges too, and goes on with it chosen', async () => {
  const { now, said } = showEditing(<NameField kind="node" name="extract" index={0} />);
  await rename('read');
  expect(now.spec).toEqual(nightly);
  await user.keyboard('{Enter}');
  expect(now.spec.edges).toEqual([{ from: 'read', to: 'report' }]);
  expect(now.chosen).toEqual({ kind: 'node', name: 'read' });
  expect(said).toEqual(['extract is called read']);
});

it('takes it as one leaves the field', async () => {
  const { now } = showEditing(<NameField kind="node" name="extract" index={0} />);
  await rename('read');
  await user.tab();
  expect(now.spec.nodes).toContainEqual({ name: 'read', task: 'extract-orders' });
});

it.each([
  ['report', 'is the name of another node or group'],
  ['Read me', 'must be 1 to 63 of a-z 0-9 - _'],
])('does not take %s, and says why', async (text, reason) => {
  const { now } = showEditing(<NameField kind="node" name="extract" index={0} />);
  await rename(text);
  await user.keyboard('{Enter}');
  expect(screen.getByText(reason)).toBeTruthy();
  expect(now.spec).toEqual(nightly);
});

it('says what the conductor refused, and cannot be written in where one may only look', () => {
  const errors = { 'nodes[0].name': 'is too long' };
  showEditing(<NameField kind="node" name="extract" index={0} />, { errors, readOnly: true });
  expect(screen.getByText('is too long')).toBeTruthy();
  expect(field().readOnly).toBe(true);
});

it('offers no group, those that there are, and a new one', async () => {
  const onChange = vi.fn();
  const spec = { ...nightly, groups: [{ name: 'both', nodes: ['extract'] }] };
  showEditing(<GroupSelect value="both" onChange={onChange} />, { spec });
  for (const [option, group] of [
    ['none', null],
    ['a new group', newGroup],
  ]) {
    await user.click(screen.getByRole('combobox', { name: 'Group' }));
    await user.click(await screen.findByRole('option', { name: option as string }));
    expect(onChange.mock.lastCall?.[0]).toBe(group);
  }
});
