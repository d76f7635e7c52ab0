import { screen, waitFor } from '@testing-library/react';
import { expect, it } from 'vitest';

import { page, showLinked } from '../../testing/console';
import { aTrigger } from '../../testing/samples';
import { DueRun } from './Due';

const at = new Date('2026-01-31T08:00:00Z');
const title = () => document.querySelector('time')?.title ?? '';

it('tells when a run was due in the zone of the trigger that asked for it', async () => {
  showLinked(<DueRun at={at} run={{ task: 'load', causedBy: { kind: 'trigger', by: 'nightly' } }} />, {
    'GET /tasks/load/triggers': () =>
      page(
        aTrigger({ name: 'hourly', timezone: 'UTC' }),
        aTrigger({ name: 'nightly', timezone: 'Asia/Tokyo' }),
      ),
  });
  await waitFor(() => expect(title()).toMatch(/\(Asia\/Tokyo\)$/));
});

it('asks for no trigger where a person asked for the run', async () => {
  showLinked(<DueRun at={at} run={{ task: 'load', causedBy: { kind: 'manual', by: 'admin' } }} />);
  await screen.findByTitle(/UTC$/);
  expect(fetch).not.toHaveBeenCalled();
});
