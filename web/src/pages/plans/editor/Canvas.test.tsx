import { fireEvent, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { button, showEditing } from '../../../testing/editing';
import { Canvas } from './Canvas';

const user = userEvent.setup();
const canvas = <Canvas withYaml showYaml={vi.fn()} />;
const spec = {
  name: 'nightly',
  nodes: [
    { name: 'extract', task: 'extract-orders' },
    { name: 'report', task: 'report-orders' },
    { name: 'alarm', task: 'tell' },
  ],
  groups: [{ name: 'both', nodes: ['report'] }],
  edges: [{ from: 'extract', to: 'both' }],
};

const placeOf = (selector: string) => (document.querySelector(selector) as HTMLElement).style;
const px = (text: string) => Number.parseFloat(text);

/** The middle of a node or group on the canvas, which begins at the corner of the window here. */
function middle(selector: string) {
  const { left, top, width, height } = placeOf(selector);
  return { clientX: px(left) + px(width) / 2, clientY: px(top) + px(height) / 2 };
}

function drag(from: Element, start: object, end: object) {
  fireEvent.pointerDown(from, { button: 0, pointerType: 'mouse', ...start });
  fireEvent.pointerMove(window, end);
  fireEvent.pointerUp(window, end);
}

it('draws nodes, groups and edges, of which one is a stop of the tabulator', () => {
  showEditing(canvas, { spec });
  expect(screen.getByRole('group', { name: 'Graph of the plan' })).toBeTruthy();
  const places = screen.getAllByRole('button', { name: /^(Node|Group|Edge)/ });
  expect(places).toHaveLength(5);
  expect(places.filter(({ tabIndex }) => tabIndex === 0)).toHaveLength(1);
});

it('asks when an edge is taken once it is drawn from one node to another', async () => {
  const { now, said } = showEditing(canvas, { spec });
  drag(button('Connect extract to…'), middle('[data-node=extract]'), middle('[data-node=alarm]'));
  expect(now.spec.edges).toHaveLength(1);
  await user.click(await screen.findByRole('menuitem', { name: 'on error' }));
  expect(now.spec.edges).toContainEqual({ from: 'extract', to: 'alarm', on: 'error' });
  expect(said).toEqual(['alarm follows extract on error']);
});

it('asks for a node where an edge is let go over nothing', () => {
  const { ask } = showEditing(canvas, { spec });
  drag(button('Connect alarm to…'), middle('[data-node=alarm]'), { clientX: 2000, clientY: 2000 });
  expect(ask).toHaveBeenCalledWith({ kind: 'add', follows: 'alarm' });
});

it('puts a node that is dropped on a group into it', () => {
  const { now } = showEditing(canvas, { spec });
  drag(button(/^Node alarm/), middle('[data-node=alarm]'), middle('[data-node=report]'));
  expect((now.spec.groups as { nodes: string[] }[])[0]?.nodes.sort()).toEqual(['alarm', 'report']);
});

it('moves a node, and arranges it anew', async () => {
  showEditing(canvas, { spec });
  const before = px(placeOf('[data-node=alarm]').left);
  const start = middle('[data-node=alarm]');
  drag(button(/^Node alarm/), start, { clientX: start.clientX + 700, clientY: start.clientY + 300 });
  expect(px(placeOf('[data-node=alarm]').left)).toBeCloseTo(before + 700);
  await user.click(button('Arrange anew'));
  expect(px(placeOf('[data-node=alarm]').left)).toBeCloseTo(before);
});

it('gives a drag up on Escape', () => {
  const { now, ask } = showEditing(canvas, { spec });
  const to = middle('[data-node=alarm]');
  fireEvent.pointerDown(button('Connect extract to…'), { button: 0, ...middle('[data-node=extract]') });
  fireEvent.pointerMove(window, to);
  fireEvent.keyDown(window, { key: 'Escape' });
  fireEvent.pointerUp(window, to);
  expect(screen.queryByRole('menuitem')).toBeNull();
  expect(ask).not.toHaveBeenCalled();
  expect(now.spec).toEqual(spec);
});
