import { expect, it } from 'vitest';

import { runOf } from '../../data/runs';
import { aRun } from '../../testing/samples';
import { steady } from './steady';

const runs = (...ids: string[]) => ids.map((id) => runOf(aRun({ id })));

it('shows all while one is at the top', () => {
  expect(steady(runs('03', '02'), null).shown.map((r) => r.id)).toEqual(['03', '02']);
});

it('lets what has come since wait, and shows the others as they are now', () => {
  const { shown, waiting } = steady(runs('05', '04', '03', '02'), '03');
  expect(shown.map((r) => r.id)).toEqual(['03', '02']);
  expect(waiting).toBe(2);
});
