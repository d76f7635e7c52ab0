import { fireEvent, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { button, showEditing } from '../../../testing/editing';
import { EdgeChip, GroupBox, NodeBox } from './Boxes';
import { keyOf } from './model';

const user = userEvent.setup();
const box = { x: 10, y: 20, width: 150, height: 60 };
const shared = () => ({ stop: true, under: false, wasDragged: () => false, begin: vi.fn() });
const extract = { name: 'extract', task: 'extract-orders', group: null, box, moving: false };
const edge = { from: 'extract', to: 'report', on: 'error' as const };
const node = { kind: 'node', name: 'extract' } as const;

it('says of a node its task, its group and why it was refused, and is chosen by a press', async () => {
  const faults = { [keyOf(node)]: ['has no such task'] };
  const { now } = showEditing(<NodeBox {...extract} {...shared()} group="both" />, { faults });
  const name = 'Node extract, task extract-orders, in the group both, refused: has no such task';
  await user.click(button(name));
  expect(now.chosen).toEqual(node);
  expect(button(name).getAttribute('aria-pressed')).toBe('true');
});

it('takes the click that ends a drag for none', async () => {
  const { now, ask } = showEditing(<NodeBox {...extract} {...shared()} wasDragged={() => true} />);
  await user.click(button(/^Node extract/));
  await user.click(button('Connect extract to…'));
  expect(now.chosen).toBeNull();
  expect(ask).not.toHaveBeenCalled();
});

it('is moved by the mouse anywhere, by a finger at its grip alone, and connected from its handle', () => {
  const places = shared();
  showEditing(<NodeBox {...extract} {...places} />);
  const press = (element: Element, pointerType: string) => {
    fireEvent.pointerDown(element, { pointerType });
    return places.begin.mock.lastCall?.slice(1);
  };
  press(button(/^Node extract/), 'touch');
  expect(places.begin).not.toHaveBeenCalled();
  const grip = document.querySelector('[data-grip]') as Element;
  expect(press(grip, 'touch')).toEqual(['move', 'extract']);
  expect(press(button('Connect extract to…'), 'touch')).toEqual(['connect', 'extract']);
});

it('asks where to, when its handle is pressed and nothing is drawn', async () => {
  const { ask } = showEditing(<NodeBox {...extract} {...shared()} />);
  await user.click(button('Connect extract to…'));
  expect(ask).toHaveBeenCalledWith({ kind: 'connect', from: 'extract' });
});

it('has nothing to move or to connect for who may only look', () => {
  showEditing(<NodeBox {...extract} {...shared()} />, { readOnly: true });
  expect(screen.queryByRole('button', { name: /^Connect/ })).toBeNull();
  expect(document.querySelector('[data-grip]')).toBeNull();
});

it('says of a group how many of its nodes run at once, and invites nodes where it has none', () => {
  const group = { name: 'both', nodes: [] as string[], limit: 2 };
  showEditing(<GroupBox group={group} box={box} {...shared()} />);
  expect(button('Group both, 2 at once, nodes none')).toBeTruthy();
  expect(screen.getByText('drop a node here')).toBeTruthy();
});

it('says of an edge when it is taken and why it was refused, and is reached by tab where it is the stop', async () => {
  const faults = { [keyOf({ kind: 'edge', ...edge })]: ['closes a cycle'] };
  const { now } = showEditing(
    <EdgeChip edge={edge} at={{ x: 1, y: 1 }} stop={false} wasDragged={() => false} />,
    {
      faults,
    },
  );
  const chip = button('Edge from extract to report, on error, refused: closes a cycle');
  expect(chip.tabIndex).toBe(-1);
  await user.click(chip);
  expect(now.chosen).toEqual({ kind: 'edge', ...edge });
});
