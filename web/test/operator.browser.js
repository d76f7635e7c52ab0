// Goes through what an operator meets first and looks at all day: the first steps on a fresh conductor, with the line that is
// copied run as it is; the zones of times; the list to jump in; and that nothing jumps while a page loads.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { Fleet, until } from './programs.js';
import { Visitor, launch } from './visitor.js';

const fleet = new Fleet();
let browser;
let visitor;
let page;

before(async () => {
  await fleet.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await fleet.stop();
});

beforeEach(async () => {
  visitor = await Visitor.come(browser, fleet, {
    timezoneId: 'Europe/Paris',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  page = visitor.page;
});

afterEach(() => visitor.leave());

const begin = () => page.getByRole('heading', { name: 'Begin here' });
const step = (name) => page.getByRole('listitem').filter({ hasText: name });

test('a fresh conductor leads by the hand: a server by the line that is copied, a group, a task and its run', async () => {
  await visitor.signIn();
  await step('Join a server').getByRole('button', { name: 'Add a server' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name of the server').fill('first');
  await dialog.getByRole('button', { name: 'Make the line' }).click();
  await dialog.getByRole('button', { name: 'Copy the line' }).click();
  fleet.runOnHost(await page.evaluate(() => window.navigator.clipboard.readText()));
  await dialog.getByRole('status').filter({ hasText: 'first has joined' }).getByText('online').waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();

  await step('Make a group').getByRole('link', { name: 'Virtual servers' }).click();
  await page.getByRole('button', { name: 'Make the first group' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('etl');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('button', { name: 'What to do with first' }).click();
  await page.getByRole('menuitem', { name: /etl/ }).click();
  await page.getByRole('list', { name: 'Members of etl' }).getByText('first').waitFor();
  await until(
    'first is stored as a member of etl',
    async () => (await fleet.get('/virtual-servers/etl')).members?.[0] === 'first',
  );

  await visitor.go('/');
  await step('Make a task').getByRole('link', { name: 'Tasks' }).click();
  await page.getByRole('link', { name: 'Make the first one' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('hello');
  await page.getByRole('combobox', { name: 'Virtual server', exact: true }).click();
  await page.getByRole('option', { name: 'etl' }).click();
  await page.getByLabel('Script', { exact: true }).fill('echo "hello, operator"');
  await page.getByRole('button', { name: 'Create the task' }).click();
  await page.waitForURL(/\/tasks\/hello/);

  await visitor.go('/');
  await step('Run it').getByRole('link', { name: 'Run a task' }).click();
  await page.getByRole('button', { name: 'Run now…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click();
  await page.waitForURL(/\/runs\/01/);
  await page.getByText('hello, operator', { exact: true }).waitFor();
  await page.locator('h1 [data-state=succeeded]').waitFor();

  await visitor.go('/');
  await page.getByRole('table', { name: 'Newest runs' }).waitFor();
  assert.equal(await begin().count(), 0);
});

test('a time is told in UTC and in the zone of its trigger to who comes to it by keyboard or by touch', async () => {
  await fleet.post('/tasks/hello/triggers', { name: 'early', cron: '30 2 * * *', timezone: 'Asia/Tokyo' });
  await visitor.signIn('/tasks/hello?part=triggers');
  const next = page.locator('time[title*="Asia/Tokyo"]').first();
  await next.waitFor();
  assert.match(await next.getAttribute('title'), /\(Europe\/Paris\)\n.* UTC\n.*2:30:00\sAM \(Asia\/Tokyo\)$/);
  await next.focus();
  const tip = page.locator('[data-time-tip]');
  assert.equal(await tip.innerText(), await next.getAttribute('title'));
  await page.keyboard.press('Escape');
  await tip.waitFor({ state: 'detached' });
  await visitor.checkAccessible('a page of triggers');
});

test('the times of a list are no stops of their own: a link of the row tells them, and arrows go on', async () => {
  await fleet.post('/tasks/hello/runs');
  await visitor.signIn('/runs');
  const table = page.getByRole('table', { name: 'Runs' });
  await table.waitFor();
  assert.equal(await table.locator('[tabindex="0"]').count(), 0);
  const row = table.getByRole('row').nth(1);
  const time = row.locator('time').first();
  const tip = page.locator('[data-time-tip]');
  await page.getByRole('textbox', { name: 'Text in the id, task or reason' }).focus();
  await until('Tab has come to the first run', async () => {
    await page.keyboard.press('Tab');
    return row.getByRole('link').evaluate((link) => link === document.activeElement);
  });
  await tip.waitFor();
  assert.ok((await tip.innerText()).includes(await time.getAttribute('title')));
  await time.focus();
  await page.keyboard.press('ArrowDown');
  const below = table.getByRole('row').nth(2).locator('time').first();
  assert.ok(await below.evaluate((element) => element === document.activeElement));
  assert.equal(await tip.innerText(), await below.getAttribute('title'));
});

test('the list to jump in finds plans, calendars, pages of settings, and runs by a part of their task', async () => {
  await fleet.post('/plans', { name: 'nightly', nodes: [{ name: 'one', task: 'hello' }] });
  await fleet.post('/calendars', { name: 'holidays', entries: [{ name: 'Christmas', date: '12-25' }] });
  await visitor.signIn();
  for (const [text, kind, path] of [
    ['nightl', 'plan', '/plans/nightly'],
    ['holid', 'calendar', '/settings/calendars/holidays'],
    ['retent', 'settings', '/settings/retention'],
    ['ello', 'run …', '/runs/01'],
  ]) {
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Jump to' }).fill(text);
    await page.getByRole('option').filter({ hasText: kind }).first().click();
    await page.waitForURL(`${fleet.url}${path}**`);
  }
});

/** Keeps the sum of the shifts of the layout that nobody has asked for. */
function watchShifts() {
  window.shifts = 0;
  new window.PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
}

test('nothing jumps while a page loads, nor when the connection is lost', async () => {
  visitor.expects(/net::ERR_/);
  await page.addInitScript(watchShifts);
  await visitor.signIn();
  const { items } = await fleet.get('/runs?limit=1');
  const jumpy = {};
  const paths = [
    '/',
    '/servers',
    '/servers/first',
    '/virtual-servers',
    '/runs',
    `/runs/${items[0].id}`,
    '/tasks',
  ];
  for (const size of [
    { width: 1280, height: 900 },
    { width: 390, height: 844 },
  ]) {
    await page.setViewportSize(size);
    for (const path of [
      ...paths,
      '/plans',
      '/timeline',
      '/recovery',
      '/settings',
      '/settings/calendars/holidays',
    ]) {
      await visitor.go(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await until(
        `${path} is loaded`,
        async () => (await page.getByRole('status', { name: /loading$/ }).count()) === 0,
      );
      await page.waitForLoadState('load');
      const shifts = await page.evaluate(() => window.shifts);
      if (shifts > 0.05) jumpy[`${path} at ${size.width}`] = shifts;
    }
  }
  assert.deepEqual(jumpy, {});
  await page.evaluate(() => (window.shifts = 0));
  await fleet.killConductor();
  await page.getByText('Connection lost, reconnecting').waitFor();
  assert.ok((await page.evaluate(() => window.shifts)) < 0.01);
});

/** Forgets what has shifted so far. */
const forgetShifts = () => page.evaluate(() => (window.shifts = 0));
const shiftsSince = () => page.evaluate(() => window.shifts);

test('new runs come into the list without a jump, and wait while one reads in it', async () => {
  await fleet.startConductor();
  await page.addInitScript(watchShifts);
  await visitor.signIn('/runs');
  await page.mouse.move(0, 0); // Who has just signed in has the pointer where the list comes.
  const table = page.getByRole('table', { name: 'Runs' });
  const row = (id) => table.getByRole('row').filter({ hasText: id });
  const ask = async (times) => {
    const asked = [];
    for (let i = 0; i < times; i++) asked.push((await fleet.post('/tasks/hello/runs')).id);
    return asked;
  };
  /** Waits until a run has ended on the page: from then on nothing more comes. */
  const ended = (id) => row(id).locator('[data-state="succeeded"]').waitFor();

  await ended((await ask(1))[0]);
  await forgetShifts();
  const alone = await ask(3);
  for (const id of alone) await ended(id);
  const jumped = await shiftsSince();
  assert.ok(jumped < 0.01, `three new runs shifted the page by ${jumped}`);

  const first = row(alone[2]);
  await first.hover();
  const before = await first.boundingBox();
  await forgetShifts();
  const [, waiting] = await ask(2);
  const show = page.getByRole('button', { name: 'Show 2 new runs', exact: true });
  await show.waitFor();
  assert.deepEqual(await first.boundingBox(), before);
  assert.equal(await shiftsSince(), 0);
  await show.click();
  await row(waiting).waitFor();

  // By keyboard they wait as well, until the focus has left.
  await page.mouse.move(0, 0);
  await page.getByRole('textbox', { name: 'Text in the id, task or reason' }).focus();
  const link = row(waiting).getByRole('link');
  await until('Tab has come to the first run', async () => {
    await page.keyboard.press('Tab');
    return link.evaluate((element) => element === document.activeElement);
  });
  const [last] = await ask(1);
  await page.getByRole('button', { name: 'Show 1 new run', exact: true }).waitFor();
  await page.getByRole('textbox', { name: 'Text in the id, task or reason' }).focus();
  await row(last).waitFor();
  await visitor.checkAccessible('a list of runs');
});

test('who asks for less motion sees new runs without any', async () => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await visitor.signIn('/runs');
  await page.mouse.move(0, 0);
  const table = page.getByRole('table', { name: 'Runs' });
  await table.waitFor();
  await page.evaluate(() => {
    window.moved = [];
    const { animate } = window.Element.prototype;
    window.Element.prototype.animate = function (...all) {
      window.moved.push(this.tagName);
      return animate.apply(this, all);
    };
  });
  const { id } = await fleet.post('/tasks/hello/runs');
  await table.getByRole('row').filter({ hasText: id }).locator('[data-state="succeeded"]').waitFor();
  assert.deepEqual(await page.evaluate(() => window.moved), []);
  const running = () => document.getAnimations().filter(({ playState }) => playState === 'running').length;
  assert.equal(await page.evaluate(running), 0);
});

test('the charts of a server tell their instants in UTC too', async () => {
  await visitor.signIn('/servers/first');
  const chart = page
    .getByRole('figure')
    .filter({ has: page.getByRole('img', { name: 'CPU of first over time' }) });
  await until('two values are drawn', async () => {
    await page.mouse.move(0, 0);
    await chart.getByRole('img').hover();
    return /^\d.* · \d\d:\d\d:\d\d UTC · \d+ %$/.test(await chart.locator('[data-values]').innerText());
  });
});
