import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, show, signedIn } from '../../../testing/console';

const stored = {
  runs: 1000,
  age: '2160h0m0s',
  log_age: '0s',
  checkpoint_age: '36h0m0s',
  event_age: '720h0m0s',
  occurrence_age: '720h0m0s',
  version: 6,
  updated_at: null,
};

it('shows ages in their largest unit and saves what was changed, under the version', async () => {
  const edits: [string | null, unknown][] = [];
  show('/settings/retention', {
    ...signedIn,
    'GET /settings/retention': () => json(stored),
    'PATCH /settings/retention': ({ headers, body }) => {
      edits.push([headers.get('If-Match'), body]);
      return json({ ...stored, version: 7 });
    },
  });
  const user = userEvent.setup();
  const runs = await screen.findByLabelText<HTMLInputElement>('Runs', { selector: 'input' });
  expect(runs.value).toBe('90');
  expect(screen.getByLabelText<HTMLInputElement>('Their checkpoints').value).toBe('36');
  expect(screen.getByText('as long as the run')).toBeTruthy();
  const logs = screen.getByLabelText('Their output');
  await user.clear(logs);
  await user.type(logs, '3');
  await user.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(edits).toHaveLength(1));
  expect(edits[0]).toEqual([
    '"6"',
    {
      runs: 1000,
      age: '7776000s',
      log_age: '259200s',
      checkpoint_age: '129600s',
      event_age: '2592000s',
      occurrence_age: '2592000s',
    },
  ]);
});
