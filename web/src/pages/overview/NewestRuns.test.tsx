import { fireEvent, screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { runOf } from '../../data/runs';
import { News, news, page, problem, showLinked } from '../../testing/console';
import { aRun } from '../../testing/samples';
import { NewestRuns, stillRuns } from './NewestRuns';

it('shows the newest ten with state, server, times and reason, and leads to each and to all', async () => {
  const first = aRun({
    id: 'R0',
    state: 'failed',
    reason: 'exit code 3',
    started_at: '2026-01-31T09:05:00Z',
    ended_at: '2026-01-31T09:07:05Z',
  });
  const others = Array.from({ length: 11 }, (_, i) =>
    aRun({ id: `R${i + 1}`, state: 'queued', server: null }),
  );
  showLinked(<NewestRuns />, { 'GET /runs': () => page(first, ...others) });
  const rows = within(await screen.findByRole('table', { name: 'Newest runs' }))
    .getAllByRole('row')
    .slice(1);
  expect(rows).toHaveLength(10);
  const [row, queued] = rows as [HTMLElement, HTMLElement];
  for (const text of ['failed', 'exit code 3', 'js-1', '2 m 5 s'])
    expect(within(row).getByText(text)).toBeTruthy();
  expect(within(row).getByRole('link', { name: 'load-orders' }).getAttribute('href')).toBe('/runs/R0');
  expect(within(queued).getAllByText('–')).toHaveLength(2);
  expect(screen.getByRole('link', { name: 'All runs' }).getAttribute('href')).toBe('/runs');
});

it('says that nothing has run, or that it could not be read', async () => {
  const { unmount } = showLinked(<NewestRuns />, { 'GET /runs': () => page() });
  expect(await screen.findByText('Nothing has run yet.')).toBeTruthy();
  unmount();
  showLinked(<NewestRuns />, { 'GET /runs': () => problem(403, 'not allowed') });
  expect(await screen.findByText('The runs could not be read')).toBeTruthy();
});

it('is still while the pointer is in it, and live again when it has left', async () => {
  let newest = 20;
  const runs = () =>
    Array.from({ length: 25 }, (_, i) => aRun({ id: `R${newest - i + 30}`, task: `t${newest - i}` }));
  showLinked(
    <>
      <NewestRuns />
      <News />
    </>,
    { 'GET /runs': () => page(...runs()) },
  );
  const table = await screen.findByRole('table', { name: 'Newest runs' });
  const first = () => within(table).getAllByRole('link')[0]?.textContent;
  fireEvent.pointerEnter(table);
  newest = 22;
  await news();
  expect(first()).toBe('t20');
  fireEvent.pointerLeave(table);
  expect(first()).toBe('t22');
});

it('holds nothing that it cannot show as it is', () => {
  const runs = ['R3', 'R2', 'R1'].map((id) => runOf(aRun({ id })));
  expect(stillRuns(['R2', 'R1'], runs)?.map(({ id }) => id)).toEqual(['R2', 'R1']);
  expect(stillRuns(['R1', 'R0'], runs)).toBeNull();
});
