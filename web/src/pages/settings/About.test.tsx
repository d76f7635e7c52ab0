import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { json, page, show, signedIn } from '../../testing/console';
import { aServer } from '../../testing/samples';
import { agentVersions } from './About';

const facts = {
  version: '1.2.3',
  go_version: 'go1.26',
  ready: false,
  database: { kind: 'SQLite', version: '3.54.1', schema: 10, bytes: 3 << 20 },
  checks: [
    { name: 'the database takes changes', ok: false, error: 'the disk is full', took: '1.5ms' },
    { name: 'the fleet is looked after', ok: true, error: '', took: '0s' },
  ],
  conductors: [
    { name: 'host-1', version: '1.2.3', started_at: new Date(Date.now() - 7_260_000).toISOString() },
  ],
};

it('says what the conductor is, where its data lies, and what keeps it from working', async () => {
  show('/settings/about', {
    ...signedIn,
    'GET /about': () => json(facts),
    'GET /servers': () => page(aServer(), aServer({ name: 'js-2', agent_version: '0.9.0' })),
  });
  const table = within(await screen.findByRole('table', { name: 'About Segno' }));
  expect(table.getByRole('row', { name: /Database/ }).textContent).toContain(
    'SQLite 3.54.1 3.0 MiB, schema 10',
  );
  expect(await table.findByText('1.0.0 on 1, 0.9.0 on 1')).toBeTruthy();
  expect(screen.getByRole('heading', { name: 'Not ready' })).toBeTruthy();
  const checks = within(screen.getByRole('table', { name: 'Checks' }));
  expect(
    within(checks.getByRole('row', { name: /the disk is full/ })).getByRole('img', { name: 'failed' }),
  ).toBeTruthy();
  expect(
    within(checks.getByRole('row', { name: /the fleet/ })).getByRole('img', { name: 'passed' }),
  ).toBeTruthy();
  expect(screen.getByRole('row', { name: /host-1.*2 h 1 m/ })).toBeTruthy();
});

it('counts the versions of agents, the most frequent first', () => {
  const of = (...versions: string[]) => versions.map((agentVersion) => ({ agentVersion }));
  expect(agentVersions(of('1.0', '1.1', '1.1'))).toBe('1.1 on 2, 1.0 on 1');
  expect(agentVersions([])).toBe('none has joined');
});
