// Looks at runs in the console of a real conductor with real job servers: their output and progress, what becomes of them
// when their server goes away, and how an operator takes them up again.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { Fleet, until } from './programs.js';
import { Visitor, launch } from './visitor.js';

const fleet = new Fleet();
const evil = '<img src=x onerror="document.title=`broken into`">';
let browser;
let visitor;
let page;

/** Counts to 200, with a checkpoint each twenty, and goes on from the one that it is given. */
const counting = `i=0
if [ -n "$SEGNO_RESUME_FROM" ]; then i=$(cat "$SEGNO_RESUME_DIR/at"); echo "going on at $i"; fi
while [ $i -lt 400 ]; do
  i=$((i+1)); printf '\\033[32mcounted\\033[0m %d\\n' $i
  jobserver progress $((i / 4)) "counting" || exit 9
  if [ $((i % 20)) = 0 ]; then echo $i > at; jobserver checkpoint "at-$i" at || exit 9; fi
  sleep 0.1
done`;

before(async () => {
  await fleet.start();
  await fleet.join('js-1', 4);
  await fleet.join('js-2', 4);
  await fleet.post('/virtual-servers', { name: 'etl', members: ['js-1', 'js-2'] });
  const script = (text) => ({ script: { interpreter: ['/bin/sh'], text } });
  const task = (name, job, more = {}) =>
    fleet.post('/tasks', { name, target: { virtual_server: 'etl' }, job, ...more });
  await task('count', script(counting), { on_unavailable: 'recover', unavailable_after: '8s' });
  await task('evil', script('echo "$SEGNO_PARAM_TEXT"; jobserver progress 10 "$SEGNO_PARAM_TEXT"; exit 1'), {
    description: evil,
    params: { text: evil },
  });
  await task('talk', { command: ['seq', '1', '1000000'] });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await fleet.stop();
});

beforeEach(async () => {
  visitor = await Visitor.come(browser, fleet);
  page = visitor.page;
  await visitor.signIn();
});

afterEach(() => visitor.leave());

const checkpoints = async (id) => (await fleet.get(`/runs/${id}`)).checkpoints;

test('a run that is asked for on the page of its task shows its output and its progress as they come', async () => {
  await page.goto(`${fleet.url}/tasks`);
  await page.getByRole('button', { name: 'Run count now' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('table', { name: 'Candidates' }).getByText('chosen').waitFor();
  await dialog.getByRole('button', { name: 'Run now' }).click();
  await page.waitForURL(/\/runs\/01/);
  await page.getByText('counted 30', { exact: true }).waitFor();
  await page.getByText(/^\d+ % counting$/).waitFor();
  const green = page.locator('[class*="green-fg"]').first();
  await green.waitFor();
  await page.getByLabel('Find in the output').fill('counted 12');
  await page.getByText(/^1 of \d+ lines$/).waitFor();
  await page.getByRole('tab', { name: 'Why here' }).click();
  await page.getByText(/ was chosen: /).waitFor();
  await page.getByRole('button', { name: 'Cancel…' }).click();
  await page.getByRole('button', { name: 'Cancel run' }).click();
  await page.locator('[data-state="cancelled"]').first().waitFor();
  await visitor.checkAccessible('the page of a run');
});

test('a run whose server dies shows as unknown, and then goes on elsewhere from its checkpoint', async () => {
  const { id } = await fleet.post('/tasks/count/runs');
  await page.goto(`${fleet.url}/runs/${id}`);
  await until('there is a checkpoint', async () => (await checkpoints(id)).length > 0);
  const { server } = await fleet.get(`/runs/${id}`);
  await fleet.killServer(server);
  await page.locator('h1 [data-state="unknown"]').waitFor();
  const other = server === 'js-1' ? 'js-2' : 'js-1';
  await page.locator('h1').getByText(other).waitFor({ timeout: 60_000 });
  await page.locator('h1 [data-state="running"]').waitFor();
  await page.getByText(/^from checkpoint \d+/).waitFor();
  await page.getByText(/^going on at \d+$/).waitFor();
  await fleet.post(`/runs/${id}/cancel`);
  await page.locator('h1 [data-state="cancelled"]').waitFor();
  await fleet.startServer(server);
});

test('on a phone the id of a run is not broken, and the labels of its axis are whole', async () => {
  const { id } = await fleet.post('/tasks/evil/runs', { params: { text: 'x' } });
  await until('it has failed', async () => (await fleet.get(`/runs/${id}`)).ended_at !== null);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${fleet.url}/runs`);
  const text = page.getByText(id, { exact: true });
  await text.waitFor();
  const lines = await text.evaluate((element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return range.getClientRects().length;
  });
  assert.equal(lines, 1);
  await page.goto(`${fleet.url}/runs/${id}`);
  const axis = page.getByRole('region', { name: 'Attempts' }).locator('svg', { has: page.locator('text') });
  await axis.locator('text').first().waitFor();
  const cut = await axis.evaluate((svg) => {
    const { left, right } = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')]
      .filter((label) => {
        const box = label.getBoundingClientRect();
        return box.left < left || box.right > right;
      })
      .map((label) => label.textContent);
  });
  assert.deepEqual(cut, []);
});

test('a run is recovered from an earlier checkpoint', async () => {
  const { id } = await fleet.post('/tasks/count/runs');
  await until('there are two checkpoints', async () => (await checkpoints(id)).length > 1);
  await fleet.post(`/runs/${id}/cancel`);
  await page.goto(`${fleet.url}/runs/${id}?part=checkpoints`);
  await page.locator('h1 [data-state="cancelled"]').waitFor();
  await page.getByRole('button', { name: 'Recover from checkpoint 1', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Recover', exact: true }).click();
  await page.locator('h1 [data-state="running"]').waitFor();
  await page.getByRole('tab', { name: 'Log' }).click();
  await page.getByText('going on at 20', { exact: true }).waitFor();
  const { attempts } = await fleet.get(`/runs/${id}`);
  assert.equal(attempts[1].resumed_from, 1);
  await fleet.post(`/runs/${id}/cancel`);
});

test('what a job or a task says is shown as it is, and does nothing', async () => {
  const { id } = await fleet.post('/tasks/evil/runs', { params: { text: evil } });
  await until('it has failed', async () => (await fleet.get(`/runs/${id}`)).ended_at !== null);
  for (const address of [
    `/runs/${id}`,
    `/runs/${id}?part=parameters`,
    `/runs/${id}?part=history`,
    '/runs',
    '/tasks',
    '/tasks/evil',
    '/recovery',
    '/timeline',
  ]) {
    await page.goto(fleet.url + address);
    await page.locator('h1').waitFor();
    await page.getByRole('status', { name: /loading/ }).waitFor({ state: 'detached' });
    assert.ok(!(await page.title()).includes('broken into'), address);
    await visitor.checkAccessible(address);
  }
});

test('a task that the conductor refuses says so at its field, and is kept once it is right', async () => {
  visitor.expects(/ 422 /);
  await page.goto(`${fleet.url}/tasks/~new`);
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('made-here');
  await page.getByRole('combobox', { name: 'Virtual server', exact: true }).click();
  await page.getByRole('option', { name: 'etl' }).click();
  await page.getByLabel('Longest time of an attempt').fill('soon');
  await page.getByRole('button', { name: 'Create the task' }).click();
  await page.getByText('It was not saved').waitFor();
  await page.getByLabel('Longest time of an attempt').fill('1h');
  await page.getByRole('button', { name: 'Create the task' }).click();
  await page.waitForURL(/\/tasks\/made-here/);
  assert.equal((await fleet.get('/tasks/made-here')).timeout, '1h0m0s');
});

test('a million lines of output are shown, searched and scrolled', async () => {
  const { id } = await fleet.post('/tasks/talk/runs');
  await until('it has ended', async () => (await fleet.get(`/runs/${id}`)).ended_at !== null, 120_000);
  await page.goto(`${fleet.url}/runs/${id}`);
  await page.getByText(/of 1,000,000 · complete$/).waitFor({ timeout: 120_000 });
  await page.getByLabel('Find in the output').fill('987654');
  await page.getByText('1 of 1 lines').waitFor();
  await page.getByText('987654', { exact: true }).first().waitFor();
});
