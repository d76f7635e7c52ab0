import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, problem, showLinked } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aRun } from '../../testing/samples';
import { Runs } from './Runs';

const lists: Answers = {
  'GET /tasks': () => page(),
  'GET /servers': () => page(),
  'GET /virtual-servers': () => page(),
};

it('reads older runs a page at a time', async () => {
  showLinked(<Runs />, {
    ...lists,
    'GET /runs': ({ url }) =>
      url.searchParams.get('cursor') === 'older'
        ? page(aRun({ id: 'R1', task: 'old' }))
        : json({ items: [aRun({ id: 'R2', task: 'new' })], next_cursor: 'older' }),
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Show older runs' }));
  expect(await screen.findByRole('link', { name: 'old' })).toBeTruthy();
  const rows = within(screen.getByRole('table', { name: 'Runs' }))
    .getAllByRole('row')
    .slice(1);
  expect(rows.map((row) => within(row).getByRole('link').textContent)).toEqual(['new', 'old']);
  expect(screen.queryByRole('button', { name: 'Show older runs' })).toBeNull();
});

it('says how runs come to be where there are none, and that none is as asked for', async () => {
  const { unmount } = showLinked(<Runs />, { ...lists, 'GET /runs': () => page() });
  expect(await screen.findByText(/^Nothing has run yet/)).toBeTruthy();
  unmount();
  showLinked(<Runs />, { ...lists, 'GET /runs': () => page() }, '/?state=failed');
  expect(await screen.findByText('No run is as you ask.')).toBeTruthy();
});

it('says why there is no list', async () => {
  showLinked(<Runs />, { ...lists, 'GET /runs': () => problem(422, '"lost it" is no state of a run') });
  expect(await screen.findByText('The runs could not be read')).toBeTruthy();
  expect(screen.getByText('"lost it" is no state of a run')).toBeTruthy();
});
