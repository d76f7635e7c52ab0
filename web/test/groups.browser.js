// Drags servers between groups of a real conductor, in a real browser, and sees the API agree.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { Fleet, until } from './programs.js';
import { Visitor, launch, payload } from './visitor.js';

const fleet = new Fleet();
const visitors = [];
let browser;

before(async () => {
  await fleet.start();
  for (const name of ['js-1', 'js-2', 'js-3']) await fleet.join(name, 4);
  await fleet.post('/virtual-servers', { name: 'etl', members: ['js-1'] });
  await fleet.post('/virtual-servers', { name: 'reports', members: ['js-2'], selection: 'priority' });
  await fleet.post('/virtual-servers', { name: 'hostile', description: payload, members: ['js-3'] });
  await fleet.post('/tasks', {
    name: 'load',
    target: { virtual_server: 'etl' },
    job: { command: ['sleep', '1000'] },
  });
  await fleet.post('/tasks', {
    name: 'hostile',
    description: payload,
    target: { virtual_server: 'hostile' },
    job: { script: { interpreter: ['/bin/sh'], text: `cat <<'END'\n${payload}\nEND\nexit 3` } },
    params: { text: payload },
  });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await fleet.stop();
});

afterEach(async () => {
  for (const visitor of visitors.splice(0)) await visitor.leave();
});

async function comeTo(path, options) {
  const visitor = await Visitor.come(browser, fleet, options);
  visitors.push(visitor);
  await visitor.signIn(path);
  return visitor;
}

const members = async (group) => (await fleet.get(`/virtual-servers/${group}`)).members ?? [];
const become = (group, ...names) =>
  until(
    `${group} has the members ${names}`,
    async () => (await members(group)).join() === names.join(),
    60_000,
  );
const middle = async (locator) => {
  await locator.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await locator.boundingBox();
  return { x: x + width / 2, y: y + height / 2 };
};

test('a server is dragged onto a group by mouse, with its effect before the drop, and Undo takes it back', async () => {
  const visitor = await comeTo('/virtual-servers');
  const { page } = visitor;
  const group = page.getByRole('article', { name: 'etl' });
  const from = await middle(page.locator('[data-server=js-3] .number').first());
  const to = await middle(group);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 20, from.y + 10, { steps: 4 });
  await page.mouse.move(to.x, to.y, { steps: 12 });
  await group.getByText('etl: +1 server, +4 slots (0/4 → 0/8 slots)').waitFor();
  assert.deepEqual(await members('etl'), ['js-1'], 'holding a server over a group has changed it');
  await page.mouse.up();
  await become('etl', 'js-1', 'js-3');
  await page.getByText('js-3 → etl').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await become('etl', 'js-1');
});

test('several are carried by keyboard alone, and what they are held over is spoken', async () => {
  const visitor = await comeTo('/virtual-servers');
  const { page } = visitor;
  await page.getByRole('checkbox', { name: 'Select js-2' }).check();
  await page.getByRole('checkbox', { name: 'Select js-3' }).check();
  await page.locator('[data-server=js-3]').getByRole('button', { name: 'Lift js-3' }).focus();
  const spoken = page.locator('[data-spoken]');
  await page.keyboard.press('Space');
  await spoken.getByText(/js-2, js-3 lifted/).waitFor({ state: 'attached' });
  assert.match(await spoken.textContent(), /etl$/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await spoken.getByText(/etl: \+2 servers, \+8 slots/).waitFor({ state: 'attached' });
  await page.keyboard.press('Space');
  await become('etl', 'js-1', 'js-2', 'js-3');
  await page.getByRole('button', { name: 'Undo' }).click();
  await become('etl', 'js-1');
});

test('a place among the members is chosen by keyboard, and Esc returns', async () => {
  const visitor = await comeTo('/virtual-servers');
  const { page } = visitor;
  await page.locator('[data-server=js-1]').getByRole('button', { name: 'Lift js-1' }).focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Escape');
  await page.locator('[data-spoken]').getByText('js-1 returned').waitFor({ state: 'attached' });
  await page.keyboard.press('Space');
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowLeft']) await page.keyboard.press(key);
  await page
    .locator('[data-spoken]')
    .getByText(/^reports, place 1/)
    .waitFor({ state: 'attached' });
  await page.keyboard.press('Space');
  await become('reports', 'js-1', 'js-2');
  await fleet.request('DELETE', '/virtual-servers/reports/members/js-1');
});

test('a server is dragged by touch', async () => {
  const visitor = await comeTo('/virtual-servers', {
    viewport: { width: 900, height: 1300 },
    hasTouch: true,
  });
  const { page } = visitor;
  await page
    .getByText(/take runs/)
    .first()
    .waitFor(); // Nothing moves any more.
  const touch = await visitor.context.newCDPSession(page);
  const at = ({ x, y }) => [{ x, y, id: 1 }];
  const from = await middle(page.locator('[data-server=js-3] .number').first());
  const to = await middle(page.getByRole('article', { name: 'reports' }).getByRole('heading'));
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(from) });
  await page.waitForTimeout(600); // A finger lifts a server by resting on it.
  for (let i = 1; i <= 10; i++) {
    const point = { x: from.x + ((to.x - from.x) * i) / 10, y: from.y + ((to.y - from.y) * i) / 10 };
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(point) });
    await page.waitForTimeout(30);
  }
  await page
    .getByRole('article', { name: 'reports' })
    .getByText(/reports: \+1 server/)
    .waitFor();
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await until('js-3 is in reports', async () => (await members('reports')).includes('js-3'), 60_000);
  await fleet.request('DELETE', '/virtual-servers/reports/members/js-3');
});

test('taking the last eligible server asks, and names the task', async () => {
  const visitor = await comeTo('/virtual-servers');
  const { page } = visitor;
  await page.getByRole('button', { name: 'What to do with js-1 in etl' }).click();
  await page.getByRole('menuitem', { name: 'Take out of etl' }).click();
  await page
    .getByRole('list', { name: 'Tasks that lose their last server' })
    .getByText('load', { exact: true })
    .waitFor();
  await page.getByRole('button', { name: 'Leave it as it is' }).click();
  assert.deepEqual(await members('etl'), ['js-1']);
});

test('two browsers see each other’s changes, also after the conductor was restarted', async () => {
  const one = await comeTo('/virtual-servers');
  const other = await comeTo('/virtual-servers');
  await one.page.getByRole('button', { name: 'What to do with js-2', exact: true }).click();
  await one.page.getByRole('menuitem', { name: 'etl' }).click();
  await other.page.getByRole('list', { name: 'Members of etl' }).getByText('js-2').waitFor();
  for (const visitor of visitors) visitor.expects(/net::ERR_/);
  await fleet.killConductor();
  await other.page.getByText('Connection lost, reconnecting').waitFor();
  await fleet.startConductor();
  await other.page.getByRole('status', { name: 'live' }).waitFor();
  await fleet.request('DELETE', '/virtual-servers/etl/members/js-2');
  await other.page
    .getByRole('list', { name: 'Members of etl' })
    .getByText('js-2')
    .waitFor({ state: 'detached' });
});

test('a group is made, its rating edited with the members ranked meanwhile, and deleted', async () => {
  const visitor = await comeTo('/virtual-servers');
  const { page } = visitor;
  await page.getByRole('button', { name: 'New group' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('fresh');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('article', { name: 'fresh' }).waitFor();
  for (const name of ['js-1', 'js-2']) await fleet.request('PUT', `/virtual-servers/fresh/members/${name}`);
  await page.getByRole('list', { name: 'Members of fresh' }).getByText('js-2').waitFor();
  await page.getByRole('button', { name: 'Edit fresh' }).click();
  await page.getByRole('combobox', { name: 'Rating', exact: true }).click();
  await page.getByRole('option', { name: 'own indicators' }).click();
  await page.getByRole('textbox', { name: 'weight of indicator 1' }).fill('1000');
  const ranking = page.getByRole('region', { name: 'Members as they would be ranked now' });
  await ranking
    .getByText(/costs \d{3,}/)
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await until('the rating is stored', async () => {
    const { rating } = await fleet.get('/virtual-servers/fresh');
    return typeof rating === 'object' && rating.indicators[0].weight === 1000;
  });
  await page.getByRole('button', { name: 'Edit fresh' }).click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete fresh for good' }).click();
  await page.getByRole('article', { name: 'fresh' }).waitFor({ state: 'detached' });
});

test('what others wrote is shown and never run, and the page runs no script of its own', async () => {
  await fleet.post('/servers/js-3/drain', { reason: payload });
  await fleet.request('PATCH', '/servers/js-3', { description: payload, labels: { zone: 'a-b' } });
  await fleet.post('/servers/js-3/activate', { reason: payload });
  const { id } = await fleet.post('/tasks/hostile/runs');
  await until('the hostile run has ended', async () => (await fleet.get(`/runs/${id}`)).ended_at !== null);
  const visitor = await comeTo('/');
  const answer = await fetch(fleet.url);
  assert.match(answer.headers.get('content-security-policy'), /script-src 'self';/);
  assert.doesNotMatch(await answer.text(), /<script(?![^>]*\bsrc=)[^>]*>/);
  const pages = [
    '/',
    '/servers',
    '/servers/js-3',
    '/virtual-servers',
    '/runs',
    `/runs/${id}`,
    '/tasks',
    '/tasks/hostile',
    '/recovery',
  ];
  for (const path of [...pages, '/timeline', `/servers?q=${encodeURIComponent(payload)}`]) {
    await visitor.go(path);
    await visitor.page.getByRole('heading', { level: 1 }).waitFor();
    await visitor.page.waitForTimeout(300); // What loads after the heading.
    assert.equal(
      await visitor.page.evaluate(() => window.hacked),
      undefined,
      `${path} ran what others wrote`,
    );
    assert.equal(await visitor.page.locator('img[src=x]').count(), 0, `${path} took text for markup`);
  }
  await visitor.go('/servers');
  await visitor.page.getByText(payload).first().waitFor();
});

for (const [kind, options] of [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['a phone', { viewport: { width: 390, height: 844 } }],
]) {
  test(`the pages of the fleet keep the rules of WCAG 2.2 AA: ${kind}`, async () => {
    const visitor = await comeTo('/', options);
    for (const [path, sign] of [
      ['/', 'Fleet'],
      ['/servers', 'Servers'],
      ['/servers?view=cards', 'Servers'],
      ['/servers/js-1', 'If it died now'],
      ['/virtual-servers', 'reports'],
    ]) {
      await visitor.go(path);
      await visitor.page.getByRole('heading', { name: sign }).first().waitFor();
      await visitor.page.waitForTimeout(500); // What loads after the heading.
      await visitor.checkAccessible(`${path} (${kind})`);
    }
    await visitor.page.getByRole('button', { name: 'Edit etl' }).click();
    await visitor.page.getByRole('region', { name: 'Members as they would be ranked now' }).waitFor();
    await visitor.page.waitForTimeout(400); // The drawer has slid in.
    await visitor.checkAccessible(`the editor of a group (${kind})`);
  });
}
