import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import type { Graph } from '../../data/plans';
import { showPart } from '../../testing/console';
import { PlanGraph } from './PlanGraph';

const graph: Graph = {
  nodes: [
    { name: 'extract', task: 'read' },
    { name: 'load', task: 'write' },
    { name: 'alarm', task: 'tell' },
  ],
  groups: [{ name: 'loads', nodes: ['load'], limit: 2 }],
  edges: [
    { from: 'extract', to: 'loads', on: 'ok' },
    { from: 'loads', to: 'alarm', on: 'error' },
  ],
};

it('shows each node, group and edge with its words, and can be scrolled by keys', () => {
  showPart(
    <PlanGraph graph={graph} label="Graph of nightly" node={(name, task) => `${name} runs ${task}`} />,
  );
  const drawn = screen.getByRole('group', { name: 'Graph of nightly' });
  expect(drawn.tabIndex).toBe(0);
  for (const text of ['extract runs read', 'load runs write', 'alarm runs tell', 'loads', '2 at once']) {
    expect(screen.getByText(text)).toBeTruthy();
  }
  const lines = [...drawn.querySelectorAll('g title')].map((title) => title.textContent);
  expect(lines).toEqual(['extract → loads, on ok', 'loads → alarm, on error']);
});

it('says of a plan run what became of each edge, and what a group does', () => {
  showPart(
    <PlanGraph
      graph={graph}
      label="Graph"
      node={(name) => name}
      group={(name) => `${name} is full`}
      edgeState={(index) => (index === 0 ? 'taken' : undefined)}
    />,
  );
  const edges = [...document.querySelectorAll('g[data-on]')];
  expect(edges.map((edge) => edge.getAttribute('data-state'))).toEqual(['taken', null]);
  expect(edges[0]?.querySelector('title')?.textContent).toBe('extract → loads, on ok: taken');
  expect(screen.getByText('loads is full')).toBeTruthy();
});
