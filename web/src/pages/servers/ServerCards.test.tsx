import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { serverOf } from '../../data/servers';
import { page, showLinked } from '../../testing/console';
import { aServer } from '../../testing/samples';
import { ServerCards, rowsOf } from './ServerCards';

const many = (count: number) =>
  Array.from({ length: count }, (_, i) => serverOf(aServer({ name: `js-${i}`, load: null })));

it.each([
  [1200, [4, 4, 2]],
  [872, [3, 3, 3, 1]],
  [871, [2, 2, 2, 2, 2]],
  [200, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
])('puts so many cards into a row as %i pixels have room for', (width, counts) => {
  const rows = rowsOf(many(10), width);
  expect(rows.map((row) => row.length)).toEqual(counts);
  expect(rows.flat().map(({ name }) => name)).toEqual(many(10).map(({ name }) => name));
});

it('draws of many servers none that is not in sight', async () => {
  showLinked(
    <>
      <ServerCards servers={many(500)} />
      <p>below</p>
    </>,
  );
  await screen.findByText('below');
  expect(screen.queryAllByRole('article')).toEqual([]);
});

it('has a card for each server with its state, why, load in words, labels and version', async () => {
  const servers = [
    serverOf(aServer({ labels: { disk: 'fast' } })),
    serverOf(aServer({ name: 'js-2', status: 'draining', reason: 'a new disk', load: null, rating: null })),
  ];
  showLinked(<ServerCards servers={servers} />, {
    'GET /servers/js-1/load': () => page(),
    'GET /servers/js-2/load': () => page(),
  });
  const first = within(await screen.findByRole('article', { name: 'js-1' }));
  expect(first.getByRole('link', { name: 'js-1' }).getAttribute('href')).toBe('/servers/js-1');
  for (const text of ['online', '25 %', '40 %', '50 %', '1/4', 'disk=fast']) {
    expect(first.getByText(text)).toBeTruthy();
  }
  expect(first.getByText(/^1\.0\.0 · seen/)).toBeTruthy();
  expect(first.getByRole('img', { name: 'CPU of js-1: 25 %' })).toBeTruthy();
  const second = within(screen.getByRole('article', { name: 'js-2' }));
  expect(second.getByText('a new disk')).toBeTruthy();
  expect(second.getAllByText('–').length).toBeGreaterThanOrEqual(3);
});
