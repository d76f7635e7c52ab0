import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, show, signedIn } from '../../testing/console';
import { aRun } from '../../testing/samples';

const stored = {
  name: 'load',
  target: { virtual_server: 'etl' },
  job: { command: ['true'] },
  params: { date: '2026-01-01', table: 'orders' },
  version: 7,
  created_at: '2026-01-31T09:05:00Z',
  updated_at: '2026-01-31T09:05:00Z',
};

const placement = {
  at: '2026-01-31T09:05:00Z',
  need: { cpu: 1, memory: 0, slots: 1, source: 'assumed' },
  reason: 'highest rating 88.1',
  selection: 'best-rated',
  virtual_server: 'etl',
};
const candidate = {
  server: 'js-1',
  rating: 88.1,
  stars: 4.5,
  runs: 0,
  slots: 4,
  slots_used: 1,
  sample_age_ms: 900,
  terms: [],
};

function showTask(choice: unknown, answer: (body: unknown) => Response) {
  show('/tasks/load', {
    ...signedIn,
    'GET /tasks/load': () => json(stored),
    'GET /tasks/load/placement': () => json(choice),
    'POST /tasks/load/runs': ({ body }) => answer(body),
  });
}

async function open() {
  await userEvent.click(await screen.findByRole('button', { name: 'Run now…' }));
  return within(await screen.findByRole('dialog', { name: 'Run load now' }));
}

it('shows where it would run and why, and sends the parameters that were changed', async () => {
  const sent: unknown[] = [];
  showTask({ ...placement, chosen: 'js-1', candidates: [candidate] }, (body) => {
    sent.push(body);
    return json(aRun({ id: '01NEW', task: 'load' }), 201);
  });
  const dialog = await open();
  const where = within(await dialog.findByRole('region', { name: 'Where it would run' }));
  expect(await where.findByText(/88\.1/, { selector: 'p' })).toBeTruthy();
  const date = await dialog.findByLabelText('date');
  await userEvent.clear(date);
  await userEvent.type(date, '2026-02-02');
  expect(dialog.getByText('the task says: 2026-01-01')).toBeTruthy();
  await userEvent.click(dialog.getByRole('button', { name: 'Run now' }));
  await waitFor(() => expect(window.location.pathname).toBe('/runs/01NEW'));
  expect(sent).toEqual([{ params: { date: '2026-02-02' } }]);
});

it('says that it would wait where no server can take it, with what each is refused for', async () => {
  const refused = { ...candidate, refused: 'draining', refused_because: 'it is being drained' };
  showTask({ ...placement, reason: 'no member is eligible', candidates: [refused] }, () => json({}));
  const dialog = await open();
  expect(await dialog.findByText(/^No server can take it now/)).toBeTruthy();
});

it('puts what is refused of a parameter at its field, and stays open', async () => {
  showTask({ ...placement, chosen: 'js-1', candidates: [candidate] }, () =>
    json({ status: 422, detail: 'no', errors: [{ field: 'params.table', reason: 'is too long' }] }, 422),
  );
  const dialog = await open();
  await userEvent.click(await dialog.findByRole('button', { name: 'Run now' }));
  expect(await dialog.findByText('is too long')).toBeTruthy();
  expect(dialog.getByLabelText('table').getAttribute('aria-invalid')).toBe('true');
});
