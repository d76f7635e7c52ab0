import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { json, problem, showPart } from '../../testing/console';
import { aSummary } from '../../testing/samples';
import { RunsPerMinute } from './RunsPerMinute';

it('says in words what its bars show, in all and minute by minute', async () => {
  const minutes = [
    { at: '2026-01-31T09:04:00Z', succeeded: 5, unsuccessful: 2, open: 1 },
    { at: '2026-01-31T09:05:00Z', succeeded: 0, unsuccessful: 0, open: 4 },
  ];
  showPart(<RunsPerMinute />, { 'GET /summary': () => json(aSummary({ minutes })) });
  const chart = await screen.findByRole('img', { name: '12 runs in the last 2 minutes, at most 8 in one' });
  const titles = [...chart.querySelectorAll('title')].map((title) => title.textContent);
  expect(titles[0]).toMatch(/\n5 succeeded, 1 not ended, 2 ended otherwise$/);
  expect(screen.getByText('12 in the last 2 minutes')).toBeTruthy();
  const heights = [...chart.querySelectorAll('g')].map((minute) =>
    [...minute.querySelectorAll('rect')].slice(1).map((bar) => Number(bar.getAttribute('height'))),
  );
  const [full = [], other = []] = heights;
  expect(full.reduce((sum, height) => sum + height, 0)).toBeCloseTo(102);
  expect(other).toEqual([0, 51, 0]);
});

it('says that it could not be read', async () => {
  showPart(<RunsPerMinute />, { 'GET /summary': () => problem(403, 'not allowed') });
  expect(await screen.findByText('The runs of the last minutes could not be read')).toBeTruthy();
});
