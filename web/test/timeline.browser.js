// Looks at the timeline in the console of a real conductor: lanes by server and by task with what ran, what runs and what is
// to come; zoom by keys and by the wheel; and the stretch that the address keeps.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { Fleet, until } from './programs.js';
import { Visitor, launch } from './visitor.js';

const fleet = new Fleet();
let browser;
let visitor;
let page;
let long;

before(async () => {
  await fleet.start();
  await fleet.join('js-1', 4);
  await fleet.join('js-2', 4);
  const task = (name, server, command) =>
    fleet.post('/tasks', { name, target: { server }, job: { command } });
  await task('quick', 'js-1', ['true']);
  await task('long', 'js-2', ['sleep', '1000']);
  await fleet.post('/tasks/quick/triggers', { name: 'often', every: '1m' });
  const quick = await fleet.post('/tasks/quick/runs');
  long = await fleet.post('/tasks/long/runs');
  await until('one has ended', async () => (await fleet.get(`/runs/${quick.id}`)).state === 'succeeded');
  await until('one runs', async () => (await fleet.get(`/runs/${long.id}`)).state === 'running');
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

const minute = 60_000;
const lane = (name) => page.getByTitle(name, { exact: true });
const bars = () => page.getByRole('application', { name: /^Bars of the timeline/ });

/** The two instants in the address; null while it follows the present. */
function stretch() {
  const { searchParams } = new URL(page.url());
  const [from, to] = [searchParams.get('from'), searchParams.get('to')];
  return from && to ? { from: Date.parse(from), to: Date.parse(to) } : null;
}

/** Goes to the minutes around the present, so that what runs is in the middle. */
async function aroundNow() {
  const at = (offset) => new Date(Date.now() + offset).toISOString();
  await visitor.go(`/timeline?by=task&from=${at(-minute)}&to=${at(minute)}`);
  await lane('long').waitFor();
  return stretch();
}

test('the timeline has lanes by server and by task, and one for what is to come', async () => {
  await visitor.go('/timeline?length=15m');
  await lane('js-1').waitFor();
  await lane('js-2').waitFor();
  await lane('')
    .getByText(/^to come/)
    .waitFor();
  await page.getByText('by task').click();
  await lane('quick').waitFor();
  await lane('long').waitFor();
  assert.equal(new URL(page.url()).searchParams.get('by'), 'task');
});

test('a bar is told in words where the pointer is, and leads to its run', async () => {
  await aroundNow();
  const [name, canvas] = [await lane('long').boundingBox(), await page.locator('canvas').boundingBox()];
  const y = name.y + name.height / 2;
  // Where the run began is not known to the pixel: the pointer goes along its lane until it meets the bar.
  let x = canvas.x + canvas.width;
  await until('the pointer meets the bar', async () => {
    x = x <= canvas.x ? canvas.x + canvas.width : x - 4;
    await page.mouse.move(x, y);
    return page.getByText('running on js-2').first().isVisible();
  });
  await page.mouse.click(x, y);
  await page.waitForURL(`**/runs/${long.id}`);
});

test('the timeline is used by keys alone: bars are told in words, plus zooms, and the address keeps it', async () => {
  const before = await aroundNow();
  await bars().focus();
  await page.keyboard.press('ArrowRight');
  await page
    .getByText(/(running|succeeded) on js-/)
    .first()
    .waitFor();
  await page.keyboard.press('+');
  await page.waitForURL(
    (url) => url.search !== '' && stretch().to - stretch().from < before.to - before.from,
  );
  const zoomed = stretch();
  assert.ok(Math.abs(zoomed.to - zoomed.from - minute) <= 2, 'plus halves the stretch');
  await page.reload();
  await lane('long').waitFor();
  assert.deepEqual(stretch(), zoomed);
  await page.getByRole('button', { name: 'Now' }).click();
  await page.waitForURL((url) => !url.searchParams.has('from'));
});

test('Ctrl and the wheel zoom about the pointer', async () => {
  const before = await aroundNow();
  const { x, y, width } = await page.locator('canvas').boundingBox();
  await page.mouse.move(x + width / 4, y + 60);
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -300);
  await page.keyboard.up('Control');
  await until(
    'the address has the new stretch',
    () => stretch().to - stretch().from < before.to - before.from,
  );
  const { from, to } = stretch();
  const quarter = before.from + (before.to - before.from) / 4;
  assert.ok(Math.abs(from + (to - from) / 4 - quarter) < 1000, 'what is under the pointer stays where it is');
});

for (const [name, options] of Object.entries({
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  'a phone': { viewport: { width: 390, height: 844 } },
})) {
  test(`the timeline keeps the rules of WCAG 2.2 AA: ${name}`, async () => {
    const other = await Visitor.come(browser, fleet, options);
    await other.signIn('/timeline?length=15m');
    await other.page.getByTitle('js-2', { exact: true }).waitFor();
    await other.checkAccessible(`/timeline, ${name}`);
    await other.leave();
  });
}
