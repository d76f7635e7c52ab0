// Draws plans in the console of a real conductor, by mouse, by touch and by keyboard alone, and watches them run.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Fleet, until } from './programs.js';
import { Visitor, launch, payload } from './visitor.js';

const fleet = new Fleet();
const visitors = [];
let browser;
let gates;

/** A line of a job that waits until the gate of that name is opened, so that one sees it run however slow the page is. */
const waitAt = (gate) => `while [ ! -e '${join(gates, gate)}' ]; do sleep 0.1; done`;
const open = (gate) => writeFile(join(gates, gate), '');

before(async () => {
  gates = await mkdtemp(join(tmpdir(), 'segno-gates-'));
  await fleet.start();
  await fleet.join('js-1', 4);
  const task = (name, text, params = {}) =>
    fleet.post('/tasks', {
      name,
      target: { server: 'js-1' },
      job: { script: { interpreter: ['/bin/sh'], text } },
      params,
    });
  await task('extract', `jobserver output rows=12; ${waitAt('extract')}`);
  await task('load', `echo "loads $SEGNO_PARAM_ROWS rows"; ${waitAt('load')}; exit "$SEGNO_PARAM_CODE"`, {
    rows: '0',
    code: '0',
  });
  await task('alarm', `echo '${payload}'`, { text: payload });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await fleet.stop();
  if (gates) await rm(gates, { recursive: true });
});

afterEach(async () => {
  for (const visitor of visitors.splice(0)) await visitor.leave();
});

async function comeTo(path, options) {
  const visitor = await Visitor.come(browser, fleet, options);
  visitors.push(visitor);
  // What is refused is told by the browser too.
  visitor.expects(/ 4(12|22) /);
  await visitor.signIn(path);
  return visitor;
}

const plan = (name) => fleet.get(`/plans/${name}`);
const edgesOf = async (name) =>
  ((await plan(name)).edges ?? []).map(({ from, to, on = 'ok' }) => `${from} ${on} ${to}`).sort();

const node = (page, name) => page.locator(`[data-node="${name}"]`);
/** Where the middle of each is once all are in sight and none moves any more. To scroll to one may move the others. */
async function middles(...locators) {
  for (const locator of locators) await locator.scrollIntoViewIfNeeded();
  let before;
  return until('all stand still', async () => {
    const boxes = await Promise.all(locators.map((locator) => locator.boundingBox()));
    const now = boxes.map((box) => box && { x: box.x + box.width / 2, y: box.y + box.height / 2 });
    const still = !now.includes(null) && JSON.stringify(now) === JSON.stringify(before);
    before = now;
    return still && now;
  });
}

async function drag(page, from, to) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 12, from.y + 4, { steps: 3 });
  await page.mouse.move(to.x, to.y, { steps: 8 });
  await page.mouse.up();
}

async function connectByMouse(page, from, to, condition) {
  const handle = node(page, from).getByRole('button', { name: `Connect ${from} to…` });
  const [start, end] = await middles(handle, node(page, to));
  await drag(page, start, end);
  await page.getByRole('menuitem', { name: condition }).click();
}

async function addNode(page, task, follows) {
  await page.getByRole('button', { name: 'Add a node…' }).click();
  await finishAdding(page, task, follows);
}

async function finishAdding(page, task, follows) {
  const dialog = page.getByRole('dialog', { name: 'Add a node' });
  await dialog.getByRole('combobox', { name: 'Task' }).fill(task);
  await page.getByRole('option', { name: task, exact: true }).click();
  if (follows === null) {
    await dialog.getByRole('combobox', { name: 'Follows' }).click();
    await page.getByRole('option', { name: 'nothing' }).click();
  }
  if (follows === 'error') await dialog.getByText('on error').click();
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

test('a plan is drawn by mouse, a cycle is refused at its edges, and it runs to its end live', async () => {
  const visitor = await comeTo('/plans');
  const { page } = visitor;
  await page.getByRole('link', { name: 'Draw the first one' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('drawn');
  await addNode(page, 'extract');
  await addNode(page, 'load', null);
  await page.getByText('No edge joins load with the rest').waitFor();
  await connectByMouse(page, 'extract', 'load', 'on ok');
  await page.getByText('No edge joins load with the rest').waitFor({ state: 'detached' });

  // An edge that is let go over nothing asks for what follows.
  const [handle] = await middles(node(page, 'load').getByRole('button', { name: 'Connect load to…' }));
  await drag(page, handle, { x: handle.x + 90, y: handle.y + 110 });
  await finishAdding(page, 'alarm', 'error');

  await node(page, 'load')
    .getByRole('button', { name: /^Node load/ })
    .click();
  await page.getByRole('button', { name: 'What can be filled in for rows' }).click();
  await page.getByRole('menuitem', { name: 'extract: an output, by its name' }).click();
  await page.getByLabel('rows', { exact: true }).fill('${{ nodes.extract.outputs.rows }}');

  await connectByMouse(page, 'load', 'extract', 'on ok');
  await page.getByText('A cycle: extract → load → extract').waitFor();
  await page.getByRole('button', { name: 'Create the plan' }).click();
  await page
    .getByText(/closes a cycle: /)
    .first()
    .waitFor();
  const faulty = page.getByRole('button', { name: /^Edge from .* refused: closes a cycle/ });
  await faulty.first().waitFor();
  assert.equal(await faulty.count(), 2, 'the edges of the cycle are marked');
  await page.getByRole('button', { name: /^Edge from load to extract/ }).click();
  await page.keyboard.press('Delete');
  await page.getByRole('button', { name: 'Create the plan' }).click();
  await page.getByRole('heading', { name: 'drawn', level: 1 }).waitFor();
  assert.deepEqual(await edgesOf('drawn'), ['extract ok load', 'load error alarm']);
  assert.equal((await plan('drawn')).nodes[1].params.rows, '${{ nodes.extract.outputs.rows }}');

  await page.getByRole('button', { name: 'Run now…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click();
  await page.waitForURL(/\/plans\/drawn\/runs\//);
  await node(page, 'extract').locator('[data-state=running]').waitFor();
  await open('extract');
  await node(page, 'load').locator('[data-state=running]').waitFor();
  await open('load');
  await node(page, 'load').locator('[data-state=succeeded]').waitFor();
  await node(page, 'alarm').locator('[data-state=skipped]').waitFor();
  await page.locator('h1 [data-state=succeeded]').waitFor();

  // A run that a plan asked for leads back to it.
  await node(page, 'load').getByRole('link', { name: 'load' }).click();
  await page.waitForURL(/\/runs\/01/);
  await page.getByText('loads 12 rows').waitFor();
  await page.getByRole('region', { name: 'Summary' }).getByRole('link', { name: 'drawn' }).click();
  await page.getByRole('group', { name: 'Graph of drawn' }).waitFor();
});

test('a plan is drawn by keyboard alone, and what happens is spoken', async () => {
  const visitor = await comeTo('/plans/~new');
  const { page } = visitor;
  const { keyboard } = page;
  const spoken = (text) => page.locator('[data-spoken]').getByText(text).waitFor({ state: 'attached' });
  const add = async (task) => {
    await page.getByRole('button', { name: 'Add a node…' }).focus();
    await keyboard.press('Enter');
    await page
      .getByRole('dialog')
      .getByRole('combobox', { name: 'Task' })
      .and(page.locator(':focus'))
      .waitFor();
    await keyboard.type(task);
    await page.getByRole('option', { name: task, exact: true }).waitFor();
    await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
    await keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await spoken(`The node ${task} is added`);
  };
  await page.getByRole('textbox', { name: 'Name', exact: true }).focus();
  await keyboard.type('typed');
  await add('extract');
  await add('load');
  const first = page.getByRole('button', { name: /^Node extract/ });
  await first.focus();
  // The edge between them stands in the middle, so that two steps lead to the second.
  await keyboard.press('ArrowRight');
  await page
    .getByRole('button', { name: 'Edge from extract to load, on ok' })
    .and(page.locator(':focus'))
    .waitFor();
  await keyboard.press('ArrowRight');
  await page
    .getByRole('button', { name: /^Node load/ })
    .and(page.locator(':focus'))
    .waitFor();
  await add('alarm');

  await first.focus();
  await keyboard.press('c');
  await page.getByRole('dialog', { name: 'Connect extract to…' }).waitFor();
  await page.getByRole('combobox', { name: 'Node or group' }).and(page.locator(':focus')).waitFor();
  await keyboard.type('alarm');
  await page.getByRole('option', { name: 'alarm' }).waitFor();
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await keyboard.press('Tab');
  await page.locator('input[type=radio]:focus').waitFor({ state: 'attached' });
  await keyboard.press('ArrowRight');
  await keyboard.press('Enter');
  await spoken('alarm follows extract on error');

  await page.getByRole('button', { name: 'Edge from load to alarm, on ok' }).focus();
  await keyboard.press('Delete');
  await spoken('The edge from load to alarm is removed');
  await page
    .getByRole('button', { name: /^Node load/ })
    .and(page.locator(':focus'))
    .waitFor();
  await page.getByRole('button', { name: 'Create the plan' }).focus();
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'typed', level: 1 }).waitFor();
  assert.deepEqual(await edgesOf('typed'), ['extract error alarm', 'extract ok load']);
});

test('nodes are dragged into a group and out of it, and edges drawn by touch', async () => {
  await fleet.post('/plans', {
    name: 'touched',
    nodes: ['one', 'two', 'three'].map((name) => ({ name, task: 'load' })),
    groups: [{ name: 'both', nodes: ['two'], limit: 1 }],
    edges: [
      { from: 'one', to: 'both' },
      { from: 'one', to: 'three' },
    ],
  });
  const visitor = await comeTo('/plans/touched?part=edit', { hasTouch: true });
  const { page } = visitor;
  const group = page.locator('[data-group=both]');
  await group.waitFor();
  const three = node(page, 'three').getByRole('button', { name: /^Node/ });
  const [start, below] = await middles(three, node(page, 'two'));
  await drag(page, start, { ...below, y: below.y + 12 });
  await page.getByRole('button', { name: /^Node three, .* in the group both/ }).waitFor();

  const touch = await visitor.context.newCDPSession(page);
  const at = ({ x, y }) => [{ x, y, id: 1 }];
  const [from, to] = await middles(page.getByRole('button', { name: 'Connect both to…' }), node(page, 'one'));
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(from) });
  for (let i = 1; i <= 8; i++) {
    const point = { x: from.x + ((to.x - from.x) * i) / 8, y: from.y + ((to.y - from.y) * i) / 8 };
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(point) });
  }
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await page.getByRole('menuitem', { name: 'after' }).click();
  await page.getByText('A cycle: one → both → one').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('A cycle: one → both → one').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Save' }).click();
  await until('it is saved', async () => (await plan('touched')).version === 2);
  assert.deepEqual((await plan('touched')).groups, [{ name: 'both', nodes: ['two', 'three'], limit: 1 }]);
  assert.deepEqual(await edgesOf('touched'), ['one ok both']);
});

test('two who edit one plan lose nothing, and leaving with changes asks', async () => {
  await fleet.post('/plans', { name: 'shared', nodes: [{ name: 'only', task: 'load' }] });
  const one = await comeTo('/plans/shared?part=edit');
  const other = await comeTo('/plans/shared?part=edit');
  // In the end one of them removes what the other looks at.
  for (const visitor of [one, other]) visitor.expects(/ 404 /);
  await one.page.getByLabel('Description').fill('mine');
  await other.page.getByRole('button', { name: /^Node only/ }).click();
  await other.page.getByLabel('Timeout').fill('30m');
  await other.page.getByRole('button', { name: 'Save' }).click();
  await one.page.getByText('This plan was changed meanwhile').waitFor();
  await one.page.getByRole('button', { name: 'Keep mine on theirs' }).click();
  await one.page.getByRole('tab', { name: 'Runs' }).click();
  await one.page
    .getByRole('dialog', { name: 'Leave without saving?' })
    .getByRole('button', { name: 'Stay here' })
    .click();
  await one.page.getByRole('button', { name: 'Save' }).click();
  await until('both are stored', async () => {
    const { description, nodes } = await plan('shared');
    return description === 'mine' && nodes[0].timeout === '30m0s';
  });
  await one.page.getByRole('button', { name: 'Remove…' }).click();
  await one.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await one.page.getByText('shared is removed').waitFor();
});

test('texts that look like markup do nothing, and the pages can be used by everybody', async () => {
  await fleet.post('/plans', {
    name: 'hostile',
    description: payload,
    labels: { note: 'x' },
    params: { text: payload },
    nodes: [
      { name: 'first', task: 'extract' },
      { name: 'second', task: 'alarm', params: { text: payload } },
      { name: 'third', task: 'load', timeout: '30m' },
      { name: 'fourth', task: 'load' },
    ],
    groups: [{ name: 'loads', nodes: ['third', 'fourth'], limit: 1 }],
    edges: [
      { from: 'first', to: 'loads' },
      { from: 'loads', to: 'second', on: 'error' },
    ],
  });
  await fleet.post('/plans/hostile/triggers', { name: 'hourly', every: '1h' });
  for (const [kind, options] of Object.entries({
    light: { colorScheme: 'light' },
    dark: { colorScheme: 'dark' },
    phone: { colorScheme: 'light', viewport: { width: 390, height: 844 } },
  })) {
    const visitor = await comeTo('/plans/hostile', { ...options, reducedMotion: 'reduce' });
    const { page } = visitor;
    const look = async (name) => {
      await page.waitForFunction(() =>
        document.getAnimations().every(({ playState }) => playState !== 'running'),
      );
      await visitor.checkAccessible(`${name}, ${kind}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${name}, ${kind}, is ${wide} pixels too wide`);
      if (process.env.LOOK)
        await page.screenshot({ path: `${process.env.LOOK}/plan-${name}-${kind}.png`, fullPage: true });
    };
    await page.getByText(payload).first().waitFor();
    await look('graph');
    await page.getByRole('tab', { name: 'Triggers' }).click();
    await page.getByRole('list', { name: 'Triggers' }).getByText('hourly').waitFor();
    await look('triggers');
    await page.getByRole('tab', { name: 'Edit' }).click();
    await page.getByLabel('Description').waitFor();
    await look('edit');
    await page.getByRole('button', { name: /^Node second/ }).click();
    await page.getByLabel('text', { exact: true }).waitFor();
    await look('node');
    await page.getByRole('button', { name: /^Group loads/ }).click();
    await page.getByLabel('At most at once').waitFor();
    await look('group');
    await page.getByRole('button', { name: 'Add a node…' }).click();
    await page.getByRole('dialog').getByRole('combobox', { name: 'Task' }).waitFor();
    await look('add');
    assert.equal(await page.evaluate(() => window.hacked), undefined);
  }
});
