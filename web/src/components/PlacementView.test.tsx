import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import type { Candidate } from '../data/placement';
import { showPart } from '../testing/console';
import { PlacementView, sharesOf } from './PlacementView';

const term = (indicator: string, penalty: number) => ({
  indicator,
  penalty,
  value: 0.5,
  min: 0,
  max: 1,
  weight: 1,
});

function candidate(more: Partial<Candidate>): Candidate {
  return {
    server: 'js-1',
    rating: { points: 80, stars: 4 },
    refusal: null,
    avoided: false,
    bonus: 0,
    slots: 4,
    slotsUsed: 1,
    sampleAge: 0.9,
    terms: [],
    ...more,
  };
}

it('divides what is missing of a rating among its terms, the heaviest first', () => {
  const shares = sharesOf(
    candidate({ terms: [term('cpu_idle', 1), term('memory_free', 3), term('work_time', 0.01)] }),
  );
  expect(shares.map((s) => [s.indicator, s.points])).toEqual([
    ['memory_free', 15],
    ['cpu_idle', 5],
  ]);
});

it('tells the sentence, marks the chosen one, and gives the reason against each refused one', () => {
  showPart(
    <PlacementView
      placement={{
        at: new Date('2026-01-31T09:05:00Z'),
        chosen: 'js-2',
        reason: 'js-2 was chosen: highest rating 88.1; js-3 was refused: draining',
        selection: 'best-rated',
        candidates: [
          candidate({ server: 'js-2', terms: [term('cpu_idle', 2)] }),
          candidate({ server: 'js-1', avoided: true, sampleAge: 12.34 }),
          candidate({ server: 'js-3', refusal: 'it is draining: new disk', rating: null, sampleAge: null }),
        ],
      }}
    />,
  );
  expect(screen.getByText(/highest rating 88.1/)).toBeTruthy();
  const table = screen.getByRole('table', { name: 'Candidates' });
  const rows = within(table).getAllByRole('row').slice(1);
  expect(rows).toHaveLength(3);
  expect(within(rows[0] as HTMLElement).getByText('chosen')).toBeTruthy();
  expect(within(rows[0] as HTMLElement).getByText('CPU idle 0.5 takes 20.0')).toBeTruthy();
  expect(within(rows[1] as HTMLElement).getByText('just left')).toBeTruthy();
  expect(within(rows[1] as HTMLElement).getByText('12.3 s old')).toBeTruthy();
  expect(within(rows[2] as HTMLElement).getByText('it is draining: new disk')).toBeTruthy();
});

it('says only the sentence where there were no candidates', () => {
  showPart(
    <PlacementView
      placement={{
        at: new Date(),
        chosen: null,
        reason: 'etl has no members',
        selection: null,
        candidates: [],
      }}
    />,
  );
  expect(screen.getByText('etl has no members')).toBeTruthy();
  expect(screen.queryByRole('table')).toBeNull();
});
