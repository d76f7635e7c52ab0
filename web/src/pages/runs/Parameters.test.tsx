import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { runOf } from '../../data/runs';
import { showLinked } from '../../testing/console';
import { aRun } from '../../testing/samples';
import { Parameters, policyText } from './Parameters';

it('shows parameters and outputs by name, with where it runs and what happens if its server goes away', async () => {
  const run = runOf(
    aRun({
      params: { region: 'eu', date: '2026-01-31' },
      outputs: { rows: '1200' },
      policy: 'recover',
      unavailable_after: '2m',
    }),
  );
  showLinked(<Parameters run={run} />);
  const params = within(await screen.findByRole('table', { name: 'Parameters' })).getAllByRole('row');
  expect(params.map((row) => row.textContent)).toEqual(['date2026-01-31', 'regioneu']);
  expect(screen.getByRole('table', { name: 'Outputs of the job' }).textContent).toBe('rows1200');
  expect(screen.getByRole('link', { name: 'etl' }).getAttribute('href')).toBe('/virtual-servers?show=etl');
  expect(screen.getByText('2 m 0 s')).toBeTruthy();
  expect(screen.getByText(/goes on from its last checkpoint/)).toBeTruthy();
});

it('says that there were no parameters, and that the server decides', async () => {
  showLinked(<Parameters run={runOf(aRun({ target: { server: 'js-1' } }))} />);
  expect(await screen.findByText('It was asked for without parameters.')).toBeTruthy();
  expect(screen.getByText('job server js-1')).toBeTruthy();
  expect(screen.getByText('as its server says')).toBeTruthy();
  expect(screen.queryByRole('table', { name: 'Outputs of the job' })).toBeNull();
});

it('says the steps of a ladder in their order', () => {
  expect(
    policyText([
      { do: 'restart', after: '10m' },
      { do: 'reset', after: '1h' },
    ]),
  ).toBe('restart after 10 m 0 s, then reset after 1 h 0 m');
  expect(policyText('wait')).toBe('wait');
});
