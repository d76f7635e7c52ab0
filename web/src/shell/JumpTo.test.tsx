import { IconServer } from '@tabler/icons-react';
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { runOf } from '../data/runs';
import { page, showLinked, signedIn } from '../testing/console';
import { aRun, aServer, aVirtualServer } from '../testing/samples';
import { JumpTo, matches, ofRuns } from './JumpTo';

const target = (name: string) => ({ name, kind: 'server', to: `/servers/${name}`, icon: IconServer });
const targets = ['etl-js-1', 'js-1', 'JS-2'].map(target);
const id = '01J9ZC3M5T8Q4W6X7Y8Z9A0B1C';

it('finds what begins with the text before what contains it', () => {
  expect(matches(targets, ' js').map(({ name }) => name)).toEqual(['js-1', 'JS-2', 'etl-js-1']);
  expect(matches(targets, 'nothing')).toEqual([]);
});

it('leads to a run by its id', () => {
  expect(matches(targets, id.toLowerCase())[0]).toMatchObject({ kind: 'run', to: `/runs/${id}` });
});

it('tells runs that were found apart by the end of their ids, and names none twice', () => {
  const runs = [runOf(aRun({ id, task: 'load', state: 'failed' }))];
  expect(ofRuns(runs, 'load')).toMatchObject([
    { name: 'load', kind: 'run …9A0B1C, failed', to: `/runs/${id}` },
  ]);
  expect(ofRuns(runs, id.toLowerCase())).toEqual([]);
});

async function showList() {
  const close = vi.fn();
  showLinked(<JumpTo opened close={close} />, {
    ...signedIn,
    'GET /servers': () => page(aServer(), aServer({ name: 'js-2' })),
    'GET /virtual-servers': () => page(aVirtualServer({ name: 'js group' })),
  });
  const text = await screen.findByRole('combobox', { name: 'Jump to' });
  return { close, text };
}

/** The one that Enter goes to, as the field tells it to a screen reader. */
const marked = (text: HTMLElement) =>
  document.getElementById(text.getAttribute('aria-activedescendant') ?? '')?.textContent;

it('is a dialog with a name, with the pages before anything is typed', async () => {
  await showList();
  expect(await screen.findByRole('dialog', { name: 'Jump to' })).toBeTruthy();
  expect(screen.getAllByRole('option')[0]?.textContent).toBe('Overviewpage');
});

it('goes round the list by arrow keys, and to the one that is marked by Enter', async () => {
  const { close, text } = await showList();
  await userEvent.type(text, 'js');
  await waitFor(() => expect(screen.getAllByRole('option')).toHaveLength(3));
  expect(marked(text)).toBe('js groupvirtual server');
  await userEvent.keyboard('{ArrowDown}{ArrowDown}');
  expect(marked(text)).toBe('js-2server');
  await userEvent.keyboard('{ArrowDown}{ArrowUp}{ArrowUp}');
  expect(marked(text)).toBe('js-1server');
  await userEvent.keyboard('{Enter}');
  await waitFor(() => expect(window.location.pathname).toBe('/servers/js-1'));
  expect(close).toHaveBeenCalledOnce();
});

it('begins at the first again once one types on', async () => {
  const { text } = await showList();
  await userEvent.type(text, 'js');
  await waitFor(() => expect(screen.getAllByRole('option')).toHaveLength(3));
  await userEvent.keyboard('{ArrowDown}-');
  await waitFor(() => expect(marked(text)).toBe('js-1server'));
});

it('goes to what is clicked, whatever is in its name', async () => {
  const { close, text } = await showList();
  await userEvent.type(text, 'group');
  await userEvent.click(await screen.findByRole('option', { name: /^js group/ }));
  await waitFor(() => expect(window.location.search).toBe('?show=js+group'));
  expect(window.location.pathname).toBe('/virtual-servers');
  expect(close).toHaveBeenCalledOnce();
});

it('says that nothing is of that name, and then does nothing for Enter', async () => {
  const { close, text } = await showList();
  await userEvent.type(text, 'zzz');
  expect((await screen.findByRole('status')).textContent).toBe('Nothing of that name.');
  await userEvent.keyboard('{Enter}');
  expect(close).not.toHaveBeenCalled();
});
