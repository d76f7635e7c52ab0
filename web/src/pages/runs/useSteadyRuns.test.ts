import { expect, it } from 'vitest';

import { runOf } from '../../data/runs';
import { aRun } from '../../testing/samples';
import { stillRows, waiting } from './useSteadyRuns';

const runs = (...ids: string[]) => ids.map((id) => runOf(aRun({ id })));
const told = (rows: ReturnType<typeof stillRows>) =>
  rows.map(({ run, gone }) => `${run.id} ${run.state}${gone ? ' gone' : ''}`);

it('keeps the rows where they are, each as it is now, and marks what is not as asked for any more', () => {
  const now = [runOf(aRun({ id: '03', state: 'failed' })), ...runs('01')];
  expect(told(stillRows(runs('03', '02', '01'), now, false))).toEqual([
    '03 failed',
    '02 running gone',
    '01 running',
  ]);
});

it('takes what is older than was read as it was', () => {
  expect(told(stillRows(runs('03', '02', '01'), runs('03', '02'), true))).toEqual([
    '03 running',
    '02 running',
    '01 running',
  ]);
});

it('lets older runs in below, and nothing above or between', () => {
  const rows = stillRows(runs('07', '05'), runs('08', '07', '06', '05', '04'), false);
  expect(rows.map(({ run }) => run.id)).toEqual(['07', '05', '04']);
});

it('counts what would come in above or between, and not what is further down', () => {
  expect(waiting(runs('07', '05'), runs('08', '07', '06', '05', '04'))).toBe(2);
  expect(waiting(runs('07', '05'), runs('07', '05'))).toBe(0);
});
