import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, problem, show, signedIn } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aPlan } from '../../testing/samples';

const answers: Answers = {
  ...signedIn,
  'GET /plans/nightly': () => json(aPlan({ description: 'each night' })),
  'GET /plan-runs': () => page(),
  'GET /tasks/extract-orders': () => problem(404, 'gone'),
  'GET /tasks/report-orders': () => problem(404, 'gone'),
};
const user = userEvent.setup();

it('shows what a plan is for and its graph, whose nodes lead to their tasks', async () => {
  show('/plans/nightly', answers);
  expect(await screen.findByRole('group', { name: 'Graph of nightly' })).toBeTruthy();
  expect(screen.getByRole('heading', { level: 1, name: 'nightly' })).toBeTruthy();
  expect(screen.getByText(/each night/)).toBeTruthy();
  expect(screen.getByRole('link', { name: 'extract-orders' }).getAttribute('href')).toBe(
    '/tasks/extract-orders',
  );
});

it('keeps in the address which part is on show', async () => {
  show('/plans/nightly', answers);
  await user.click(await screen.findByRole('tab', { name: 'Runs' }));
  expect(await screen.findByText('It has not run yet.')).toBeTruthy();
  expect(window.location.search).toBe('?part=runs');
});

it('begins a copy with all but the name', async () => {
  show('/plans/nightly', answers);
  await user.click(await screen.findByRole('button', { name: 'Copy…' }));
  expect(await screen.findByText('as nightly is')).toBeTruthy();
  expect((await screen.findByLabelText<HTMLInputElement>(/^Name/)).value).toBe('');
  expect(await screen.findByRole('button', { name: /^Node extract, task extract-orders/ })).toBeTruthy();
});

it('asks before it runs or removes the plan', async () => {
  show('/plans/nightly', { ...answers, 'GET /plans/nightly/triggers': () => page() });
  await user.click(await screen.findByRole('button', { name: 'Run now…' }));
  expect(await screen.findByRole('dialog', { name: 'Run nightly now' })).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Do nothing' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  await user.click(screen.getByRole('button', { name: 'Remove…' }));
  expect(await screen.findByRole('dialog', { name: 'Remove nightly?' })).toBeTruthy();
});

it('says that there is no such plan', async () => {
  show('/plans/nightly', {
    ...answers,
    'GET /plans/nightly': () => problem(404, 'there is no plan nightly'),
  });
  expect(await screen.findByText('there is no plan nightly')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Run now…' })).toBeNull();
});
