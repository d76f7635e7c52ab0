// Looks at the console of a real conductor with a real job server, in a real browser.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { Fleet, until } from './programs.js';
import { Visitor, launch } from './visitor.js';

const fleet = new Fleet();
/** What the browser says while the conductor is gone. */
const unanswered = /net::ERR_/;
let browser;
let visitor;
let page;

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
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await fleet.stop();
});

beforeEach(async () => {
  visitor = await Visitor.come(browser, fleet);
  page = visitor.page;
});

afterEach(() => visitor.leave());

test('a wrong token is refused and the right one lets in', async () => {
  await page.goto(fleet.url);
  await page.getByLabel('Token').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('token is not valid').waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Overview' }).count(), 0);
  await visitor.signIn();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
});

test('the overview shows the fleet by group, and leads to a server', async () => {
  await visitor.signIn();
  const group = page.getByRole('region', { name: 'etl' });
  await group.getByRole('link', { name: /js-2: online, 0 of 2 slots/ }).waitFor();
  await group.getByRole('link', { name: /js-1: online, 0 of 4 slots/ }).click();
  await page.getByRole('heading', { level: 1, name: /js-1/ }).waitFor();
  await page.getByRole('img', { name: 'CPU of js-1 over time' }).waitFor();
});

test('a run appears by itself, and its page shows where, why and the output live', async () => {
  await visitor.signIn();
  const { id } = await fleet.post('/tasks/hello/runs', { params: { go: '/nowhere' } });
  const row = page.getByRole('table', { name: 'Newest runs' }).getByRole('row', { name: /hello/ }).first();
  await row.getByText('running').waitFor();

  await row.getByRole('link', { name: 'hello' }).click();
  await page.waitForURL(`${fleet.url}/runs/${id}**`);
  await page.getByText('first word').waitFor();

  await fleet.post(`/runs/${id}/cancel`);
  await page.getByText('cancelled', { exact: true }).first().waitFor();
});

test('the page of a run that has failed says so, and keeps its whole output', async () => {
  const { id } = await fleet.post('/tasks/hello/runs');
  await until('the run has ended', async () => (await fleet.get(`/runs/${id}`)).ended_at !== null);
  await visitor.signIn(`/runs/${id}`);
  await page.getByText('failed', { exact: true }).first().waitFor();
  await page.getByText('first word').waitFor();
  await page.getByText('last word').waitFor();
});

test('colours can be turned dark and stay so', async () => {
  await visitor.signIn();
  const scheme = () => page.evaluate(() => document.documentElement.dataset.mantineColorScheme);
  assert.equal(await scheme(), 'light');
  await page.getByRole('button', { name: 'Use dark colours' }).click();
  assert.equal(await scheme(), 'dark');
  await page.reload();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  assert.equal(await scheme(), 'dark');
});

test('a conductor that is gone is told, and who had signed in still is when it is back', async () => {
  visitor.expects(unanswered);
  await visitor.signIn('/servers');
  await page.getByRole('table', { name: 'Job servers' }).getByRole('link', { name: 'js-1' }).waitFor();
  await fleet.killConductor();
  await page.getByText('Connection lost, reconnecting').waitFor();
  await page.getByRole('table', { name: 'Job servers' }).getByRole('link', { name: 'js-1' }).waitFor();
  await fleet.startConductor();
  await page.getByRole('status', { name: 'live' }).waitFor();
  await visitor.go('/servers');
  await page.getByRole('table', { name: 'Job servers' }).getByRole('link', { name: 'js-1' }).waitFor();
});

test('what is not saved when the session ends is there again after the sign-in, and can be saved', async () => {
  visitor.expects(unanswered);
  await visitor.signIn('/tasks/hello');
  await page.getByLabel('Description').fill('says hello');
  await visitor.endSession();
  await visitor.giveToken();
  await page.getByText('What you had changed is still here').waitFor();
  assert.equal(await page.getByLabel('Description').inputValue(), 'says hello');
  const stored = await page.evaluate(() => JSON.stringify([window.localStorage, window.sessionStorage]));
  assert.ok(!stored.includes('says hello') && !stored.includes(fleet.token), stored);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('hello is saved').waitFor();
  assert.equal((await fleet.get('/tasks/hello')).description, 'says hello');
});

test('the overview leads to the late runs, and to those alone', async () => {
  await fleet.post('/tasks', {
    name: 'tardy',
    target: { virtual_server: 'etl' },
    job: { command: ['sleep', '1000'] },
    expect: { finish_within: '1s' },
  });
  const punctual = await fleet.post('/tasks/hello/runs', { params: { go: '/nowhere' } });
  const late = await fleet.post('/tasks/tardy/runs');
  await until('it is late', async () => (await fleet.get('/summary')).late === 1, 60_000);
  await visitor.signIn();
  await page.getByRole('link', { name: '1 late' }).click();
  const runs = page.getByRole('table', { name: 'Runs', exact: true });
  await runs.getByRole('link', { name: 'tardy' }).waitFor();
  assert.equal(await runs.getByRole('row').count(), 2, 'the head and the late run');
  await page.getByRole('search').getByText('late', { exact: true }).click();
  await runs.getByRole('link', { name: 'hello' }).first().waitFor();
  for (const { id } of [late, punctual]) await fleet.post(`/runs/${id}/cancel`);
});
