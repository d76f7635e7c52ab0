import { fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { page, show, signedIn } from '../../testing/console';
import { aRun } from '../../testing/samples';
import { folded } from './RunFilters';

const nothing = {
  q: '',
  task: '',
  state: [],
  cause: [],
  server: '',
  virtual_server: '',
  since: '',
  until: '',
  late: '',
};

/** Shows the runs at an address. Returns what was asked for, the newest last. */
function showRuns(search: string) {
  const asked: URLSearchParams[] = [];
  show(`/runs${search}`, {
    ...signedIn,
    'GET /runs': ({ url }) => {
      if (url.searchParams.get('limit') === '50') asked.push(url.searchParams);
      return page(aRun());
    },
  });
  return asked;
}

it('counts the filters that are folded away, a time from and to as one', () => {
  expect(folded(nothing)).toBe(0);
  expect(folded({ ...nothing, q: 'text in sight' })).toBe(0);
  expect(folded({ ...nothing, state: ['failed', 'lost'], since: '24h' })).toBe(2);
  expect(folded({ ...nothing, late: 'true' })).toBe(1);
  expect(folded({ ...nothing, since: '2026-01-01T00:00:00Z', until: '2026-01-02T00:00:00Z' })).toBe(1);
});

it('tells on its button how many filters are active, and unfolds them', async () => {
  showRuns('?state=failed&task=load');
  const button = await screen.findByRole('button', { name: 'Filters, 2 active' });
  const fields = document.getElementById(button.getAttribute('aria-controls') ?? '');
  expect(button.getAttribute('aria-expanded')).toBe('false');
  expect(fields?.dataset.open).toBeUndefined();
  await userEvent.click(button);
  expect(button.getAttribute('aria-expanded')).toBe('true');
  expect(fields?.dataset.open).toBe('true');
});

it('asks for what was asked for between two instants, which stand in the address', async () => {
  const asked = showRuns('');
  const user = userEvent.setup();
  await user.click(await screen.findByRole('combobox', { name: 'time' }));
  await user.click(await screen.findByRole('option', { name: 'from … to …' }));
  fireEvent.change(screen.getByLabelText(/^Asked for from/), { target: { value: '2026-01-31T08:00' } });
  const since = new Date('2026-01-31T08:00').toISOString();
  await waitFor(() => expect(asked.at(-1)?.get('since')).toBe(since));
  fireEvent.change(screen.getByLabelText(/^Asked for before/), { target: { value: '2026-01-31T09:30' } });
  const until = new Date('2026-01-31T09:30').toISOString();
  await waitFor(() => expect(asked.at(-1)?.get('until')).toBe(until));
  expect(new URLSearchParams(window.location.search).get('until')).toBe(until);
  await user.click(screen.getByRole('button', { name: 'Clear' }));
  await waitFor(() => expect(asked.at(-1)?.has('since')).toBe(false));
  expect(window.location.search).toBe('');
});

it('asks for late runs alone, where the overview leads and where one chooses so', async () => {
  const asked = showRuns('?late=true');
  const chip = await screen.findByRole<HTMLInputElement>('checkbox', { name: 'late' });
  expect(chip.checked).toBe(true);
  await waitFor(() => expect(asked.at(-1)?.get('late')).toBe('true'));
  await userEvent.click(chip);
  await waitFor(() => expect(asked.at(-1)?.has('late')).toBe(false));
  expect(window.location.search).toBe('');
});
