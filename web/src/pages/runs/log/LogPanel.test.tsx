import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';

import type { WireRun } from '../../../data/wire';
import { json, page, problem, quiet, show, signedIn } from '../../../testing/console';
import type { Asked } from '../../../testing/console';
import { aRun, anAttempt } from '../../../testing/samples';

const attempt = (number: number) => anAttempt({ number, server: `js-${number}` });

/** A log of one piece that has come to its end; without text nothing was written. */
function log(number: number, text: string): Response {
  const pieces = [{ at: '2026-01-31T09:05:00Z', stream: 'stdout', text }];
  const chunk = { attempt: number, offset: 0, next: text.length, end: false, pieces };
  const output = text === '' ? '' : `event: output\nid: ${number}:1\ndata: ${JSON.stringify(chunk)}\n\n`;
  return new Response(`${output}event: end\ndata: {}\n\n`);
}

async function showLog(answer: (asked: Asked) => Response, run: Partial<WireRun> = {}, address = '') {
  const shown = aRun({ attempts: [attempt(1)], ...run });
  show(`/runs/${shown.id}${address}`, {
    ...signedIn,
    [`GET /runs/${shown.id}`]: () => json(shown),
    [`GET /runs/${shown.id}/log`]: answer,
    [`GET /runs/${shown.id}/events`]: () => page(),
  });
  return within(await screen.findByRole('region', { name: 'Output' }));
}

const three = 'load began\nload went on\nbye\n';

beforeEach(() => window.localStorage.clear());

it('counts the lines, and says that no more will come', async () => {
  const panel = await showLog(() => log(1, three));
  expect(await panel.findByText('3 lines · complete')).toBeTruthy();
  const download = panel.getByRole('link', { name: 'Download' });
  expect(download.getAttribute('href')).toBe('/api/v1/runs/01J9/log?attempt=1&download=true');
});

it.each([
  ['the job wrote nothing', 1, () => log(1, ''), 'The job wrote nothing.'],
  ['nothing came yet', 1, quiet, 'Nothing has been written yet.'],
  ['no attempt has begun', 0, quiet, /^No attempt has begun yet/],
])('says why there is no output: %s', async (_, number, answer, words) => {
  const panel = await showLog(answer, { attempt: number });
  expect(await panel.findByText(words)).toBeTruthy();
});

it('says that the output could not be read', async () => {
  const panel = await showLog(() => problem(403, 'not for you'));
  expect(await panel.findByText('The output could not be read')).toBeTruthy();
  expect(panel.getByText('not for you')).toBeTruthy();
});

it('finds the lines with a text, and goes round among them', async () => {
  const panel = await showLog(() => log(1, three));
  await panel.findByText('3 lines · complete');
  const user = userEvent.setup();
  await user.type(panel.getByRole('textbox', { name: 'Find in the output' }), 'LOAD');
  expect(await panel.findByText('1 of 2 lines')).toBeTruthy();
  await user.click(panel.getByRole('button', { name: 'Next match' }));
  expect(panel.getByText('2 of 2 lines')).toBeTruthy();
  await user.click(panel.getByRole('button', { name: 'Next match' }));
  expect(panel.getByText('1 of 2 lines')).toBeTruthy();
  await user.click(panel.getByRole('button', { name: 'Tell capital letters from small ones' }));
  expect(await panel.findByText('not found')).toBeTruthy();
});

it('goes back among the matches by Shift and Enter, and stops looking by Escape', async () => {
  const panel = await showLog(() => log(1, three), {}, '?find=load');
  expect(await panel.findByText('1 of 2 lines')).toBeTruthy();
  const user = userEvent.setup();
  const field = panel.getByRole<HTMLInputElement>('textbox', { name: 'Find in the output' });
  await user.type(field, '{Shift>}{Enter}{/Shift}');
  expect(panel.getByText('2 of 2 lines')).toBeTruthy();
  await user.type(field, '{Escape}');
  await waitFor(() => expect(field.value).toBe(''));
  expect(panel.queryByText(/of 2 lines/)).toBeNull();
});

it('keeps in the address how it looks for a text', async () => {
  const panel = await showLog(() => log(1, three), {}, '?find=B.E&pattern=true');
  expect(await panel.findByText('1 of 1 lines')).toBeTruthy();
  const pressed = (name: string) => panel.getByRole('button', { name }).getAttribute('aria-pressed');
  expect(pressed('Look for a regular expression')).toBe('true');
  await userEvent.setup().click(panel.getByRole('button', { name: 'Tell capital letters from small ones' }));
  expect(await panel.findByText('not found')).toBeTruthy();
  await waitFor(() => expect(window.location.search).toBe('?find=B.E&pattern=true&exact=true'));
});

it('says what is wrong with a regular expression', async () => {
  const panel = await showLog(() => log(1, three), {}, '?find=%5B');
  expect(await panel.findByText('not found')).toBeTruthy();
  await userEvent.setup().click(panel.getByRole('button', { name: 'Look for a regular expression' }));
  expect(await panel.findByText(/^Invalid regular expression/)).toBeTruthy();
});

it('keeps for the next run whether times are wanted', async () => {
  const panel = await showLog(() => log(1, three));
  const times = panel.getByRole('button', { name: 'Show times' });
  expect(times.getAttribute('aria-pressed')).toBe('false');
  await userEvent.setup().click(times);
  expect(times.getAttribute('aria-pressed')).toBe('true');
  expect(window.localStorage.getItem('segno-log-times')).toBe('true');
});

it('shows the output of an earlier attempt, and asks for that one alone', async () => {
  const two = { attempt: 2, attempts: [attempt(1), attempt(2)] };
  const panel = await showLog(
    ({ url }) => (url.searchParams.get('attempt') === '1' ? log(1, 'one\n') : log(2, three)),
    two,
  );
  await panel.findByText('3 lines · complete');
  await userEvent.setup().click(panel.getByRole('radio', { name: 'attempt 1' }));
  expect(await screen.findByText('1 line · complete')).toBeTruthy();
  expect(window.location.search).toContain('attempt=1');
});
