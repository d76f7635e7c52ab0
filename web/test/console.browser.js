// Looks at the console of a real conductor with a real job server, in a real browser.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { chromium } from 'playwright-core';

import { Fleet, until } from './programs.js';

const fleet = new Fleet();
let browser;
let page;
let troubles;

before(async () => {
  await fleet.start();
  await fleet.join('js-1', 4);
  await fleet.join('js-2', 2);
  await fleet.post('/virtual-servers', { name: 'etl', description: 'Loads', members: ['js-1', 'js-2'] });
  await fleet.post('/tasks', {
    name: 'hello',
    target: { virtual_server: 'etl' },
    job: {
      script: {
        interpreter: ['/bin/sh'],
        text: 'echo "first word"; while [ ! -e "$SEGNO_PARAM_GO" ]; do sleep 0.05; done; echo "last word" >&2; exit 3',
      },
    },
    params: { go: '/' },
  });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--no-default-browser-check',
    ],
  });
});

after(async () => {
  await browser?.close();
  await fleet.stop();
});

beforeEach(async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  troubles = [];
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text());
  });
});

afterEach(async () => {
  await page.context().close();
});

async function signIn() {
  await page.goto(fleet.url);
  await page.getByLabel('Token').fill(fleet.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Job servers' }).waitFor();
}

/** What the browser complained of, but for the questions that are answered with 401 before one has signed in. */
function complaints() {
  return troubles.filter((text) => !text.includes('401'));
}

test('a wrong token is refused and the right one lets in', async () => {
  await page.goto(fleet.url);
  await page.getByLabel('Token').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('token is not valid').waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Job servers' }).count(), 0);
  await signIn();
  assert.deepEqual(complaints(), []);
});

test('the overview shows the servers with their ratings and the groups with their members', async () => {
  await signIn();
  const row = page.getByRole('table', { name: 'Job servers' }).getByRole('row', { name: /js-1/ });
  await row.getByText('online').waitFor();
  await row.getByText('0/4').waitFor();
  await row.getByRole('img', { name: /rated [\d.]+ of 100/ }).waitFor();
  const group = page.getByRole('article', { name: 'etl' });
  await group.getByText('best-rated').waitFor();
  await group.getByText('js-2').waitFor();
  assert.deepEqual(complaints(), []);
});

test('a run appears by itself, and its page shows where, why and the output live', async () => {
  await signIn();
  await page.getByRole('status', { name: 'live' }).waitFor();
  const { id } = await fleet.post('/tasks/hello/runs', { params: { go: '/nowhere' } });
  const row = page.getByRole('table', { name: 'Newest runs' }).getByRole('row', { name: /hello/ }).first();
  await row.getByText('running').waitFor();

  await row.getByRole('link', { name: 'hello' }).click();
  await page.waitForURL(`${fleet.url}/runs/${id}`);
  await page.getByText('first word').waitFor();
  const candidates = page.getByRole('table', { name: 'Candidates' });
  await candidates.getByText('(chosen)').waitFor();
  assert.equal(await candidates.getByRole('row').count(), 3);

  await fleet.post(`/runs/${id}/cancel`);
  await page.getByText('cancelled', { exact: true }).first().waitFor();
  assert.deepEqual(complaints(), []);
});

test('the page of a run that has failed says so, and keeps its whole output apart by stream', async () => {
  const { id } = await fleet.post('/tasks/hello/runs');
  await until('the run has ended', async () => (await fleet.get(`/runs/${id}`)).ended_at !== null);
  await signIn();
  await page.goto(`${fleet.url}/runs/${id}`);
  await page.getByText('failed', { exact: true }).first().waitFor();
  await page.getByText('Exit code', { exact: true }).waitFor();
  await page.locator('.line.stdout', { hasText: 'first word' }).waitFor();
  await page.locator('.line.stderr', { hasText: 'last word' }).waitFor();
  await page.getByText('complete').waitFor();
  assert.deepEqual(complaints(), []);
});

test('colours can be turned dark and stay so', async () => {
  await signIn();
  const scheme = () => page.evaluate(() => document.documentElement.dataset.mantineColorScheme);
  assert.equal(await scheme(), 'light');
  await page.getByRole('button', { name: 'Use dark colours' }).click();
  assert.equal(await scheme(), 'dark');
  await page.reload();
  await page.getByRole('heading', { name: 'Job servers' }).waitFor();
  assert.equal(await scheme(), 'dark');
  assert.deepEqual(complaints(), []);
});

test('a conductor that is gone is told, and one that is back asks to sign in again', async () => {
  await signIn();
  await page.getByRole('status', { name: 'live' }).waitFor();
  await fleet.killConductor();
  await page.getByText('Connection lost, reconnecting').waitFor();
  await page.getByRole('table', { name: 'Job servers' }).getByText('js-1').waitFor();
  await fleet.startConductor();
  await page.getByLabel('Token').waitFor({ timeout: 30_000 });
});
