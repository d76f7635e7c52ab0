import { DragDropProvider } from '@dnd-kit/react';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { serverOf } from '../../data/servers';
import { showLinked } from '../../testing/console';
import { aServer } from '../../testing/samples';
import { Selecting, useSelection } from './selecting';
import { matches, ServerPane } from './ServerPane';

const js1 = serverOf(aServer({ labels: { zone: 'north' } }));
const js2 = serverOf(aServer({ name: 'js-2', status: 'unreachable', contact: 'unreachable' }));

function Pane({ servers = [js1, js2] }) {
  const selection = useSelection();
  return (
    <Selecting value={selection}>
      <DragDropProvider>
        <button onClick={() => ['js-1', 'js-2'].forEach(selection.toggle)}>Tick both</button>
        <ServerPane servers={servers} move={vi.fn()} onKey={vi.fn()} />
      </DragDropProvider>
    </Selecting>
  );
}

const user = userEvent.setup();

it('says how many servers are online, and that none matches a filter, which is in the address', async () => {
  showLinked(<Pane />);
  expect(await screen.findByText('1 of 2 online')).toBeTruthy();
  await user.type(screen.getByRole('textbox', { name: 'Filter the job servers' }), 'nowhere');
  expect(await screen.findByText('No job server matches.')).toBeTruthy();
  await vi.waitFor(() => expect(window.location.search).toBe('?server=nowhere'));
});

it('leads to where one is added while there is none', async () => {
  showLinked(<Pane servers={[]} />);
  expect((await screen.findByRole('link', { name: 'add one' })).getAttribute('href')).toBe('/servers');
});

it('says which servers are ticked, and unticks them all', async () => {
  showLinked(<Pane />);
  await user.click(await screen.findByRole('button', { name: 'Tick both' }));
  expect(screen.getByText(/js-1, js-2 selected/)).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Select none' }));
  expect(screen.queryByText(/selected/)).toBeNull();
});

it.each([
  ['js', true],
  [' JS-1 ', true],
  ['online', true],
  ['zone', true],
  ['zone=north', true],
  ['south', false],
])('finds a server by %j: %s', (typed, found) => {
  expect(matches(js1, typed)).toBe(found);
});
