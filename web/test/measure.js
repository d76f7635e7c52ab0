// Measures how smooth the console stays with a large fleet, in a real browser against a real conductor: the frames while a
// server is dragged, and while states change all the time. `make measure-console`; docs/performance.md tells the figures. A
// folder given is where a picture of each measurement goes.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Changes, Crowd, each } from './crowd.js';
import { Fleet } from './programs.js';
import { Visitor, launch } from './visitor.js';

const folder = process.argv[2];

const serverCount = 500;
const groupCount = 50;
const changesPerMinute = 5_000;
const seconds = 15;
const longestMs = 6 * 60_000;

const viewport = { width: 1280, height: 900 };
const selections = ['best-rated', 'least-running', 'round-robin', 'priority', 'weighted', 'random'];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes groups of all servers, and a task whose runs wait, as its group is empty. Returns the task's name. */
async function furnish(fleet, names) {
  const size = names.length / groupCount;
  await each(Array(groupCount).keys(), 4, (i) =>
    fleet.post('/virtual-servers', {
      name: `group-${String(i + 1).padStart(2, '0')}`,
      members: names.slice(i * size, (i + 1) * size),
      selection: selections[i % selections.length],
    }),
  );
  await fleet.post('/virtual-servers', { name: 'nobody' });
  await fleet.post('/tasks', {
    name: 'waiting',
    target: { virtual_server: 'nobody' },
    job: { command: ['true'] },
  });
  return 'waiting';
}

/** Returns how long each frame of a page lasts while something is done, in milliseconds. */
async function framesWhile(page, work) {
  await page.evaluate(() => {
    const frames = [];
    let last;
    const note = (at) => {
      if (last !== undefined) frames.push(at - last);
      last = at;
      window.measured = { frames, next: window.requestAnimationFrame(note) };
    };
    window.requestAnimationFrame(note);
  });
  await work();
  return page.evaluate(() => {
    window.cancelAnimationFrame(window.measured.next);
    return window.measured.frames;
  });
}

/** Drags a server up and down over the groups of the scrolled page; at the lower and upper edge the page scrolls on. */
async function drag(page, picture) {
  const { mouse } = page;
  const x = viewport.width - 300;
  await page
    .getByText(/take runs/)
    .first()
    .waitFor(); // Nothing moves any more.
  await mouse.move(x, viewport.height / 2);
  await mouse.wheel(0, 2_000);
  await pause(1_000);
  const grip = await page.locator('[data-server] .number').nth(3).boundingBox();
  await mouse.move(grip.x, grip.y);
  await mouse.down();
  await mouse.move(grip.x + 20, grip.y, { steps: 4 });
  const over = new Set();
  const note = async () => over.add(await page.locator('article[data-over]').getAttribute('data-drop'));
  const frames = await framesWhile(page, async () => {
    const end = Date.now() + seconds * 1_000;
    for (let down = true; Date.now() < end; down = !down) {
      const [near, far] = down ? [150, viewport.height - 30] : [viewport.height - 150, 80];
      await mouse.move(x, near, { steps: 20 });
      await mouse.move(x - 150, (near + far) / 2, { steps: 30 });
      await note();
      await mouse.move(x, far, { steps: 30 });
      await pause(700);
    }
  });
  if (over.size < 2) throw new Error(`the server was not dragged from group to group`);
  await mouse.move(x, viewport.height / 2, { steps: 20 });
  await picture();
  await mouse.move(grip.x, grip.y, { steps: 10 }); // Where it came from, a drop changes nothing.
  await mouse.up();
  return frames;
}

/** Scrolls up and down a page with the wheel. */
async function scroll(page, picture) {
  await page.mouse.move(viewport.width - 300, viewport.height / 2);
  const frames = await framesWhile(page, async () => {
    const end = Date.now() + seconds * 1_000;
    for (let i = 0; Date.now() < end; i++) {
      await page.mouse.wheel(0, i % 60 < 40 ? 60 : -80);
      await pause(50);
    }
  });
  await picture();
  return frames;
}

/** Looks at a page that is left alone. */
async function watch(page, picture) {
  const frames = await framesWhile(page, () => pause(seconds * 1_000));
  await picture();
  return frames;
}

const measurements = [
  { what: 'a server dragged over groups', path: '/virtual-servers', sign: 'group-01', act: drag },
  { what: 'the same', path: '/virtual-servers', sign: 'group-01', act: drag, changing: true },
  {
    what: 'virtual servers, scrolled',
    path: '/virtual-servers',
    sign: 'group-01',
    act: scroll,
    changing: true,
  },
  { what: 'servers, scrolled', path: '/servers', sign: 'Servers', act: scroll, changing: true },
  { what: 'overview, left alone', path: '/', sign: 'Fleet', act: watch, changing: true },
  { what: 'overview, scrolled', path: '/', sign: 'Fleet', act: scroll, changing: true },
];

/** Takes one measurement and returns its line of the table. */
async function measure(browser, fleet, task, names, { what, path, sign, act, changing = false }) {
  const visitor = await Visitor.come(browser, fleet, { viewport });
  await visitor.signIn(path);
  await visitor.page.getByRole('heading', { name: sign }).first().waitFor();
  const changes = changing && new Changes(fleet, { names, task, perMinute: changesPerMinute });
  if (changes) changes.start();
  await pause(3_000); // What loads after the heading.
  const name = what.replaceAll(/[^a-z]+/g, '-') + (changing ? '-changing' : '');
  const picture = async () => folder && visitor.page.screenshot({ path: join(folder, `${name}.png`) });
  const frames = await act(visitor.page, picture).finally(() => visitor.leave());
  const rate = changes ? await changes.stop() : 0;
  const of = rate === 0 ? what : `${what}, while ${rate.toLocaleString('en')} states a minute change`;
  return `| ${[of, ...figures(frames)].join(' | ')} |`;
}

function figures(frames) {
  const sorted = frames.toSorted((a, b) => a - b);
  const within = (share) => sorted[Math.ceil(share * sorted.length) - 1];
  return [within(0.5), within(0.95), within(0.99), within(1)].map((ms) => `${Math.round(ms)} ms`);
}

async function measureAll(fleet, crowd, browser) {
  if (folder) await mkdir(folder, { recursive: true });
  await fleet.start(...Crowd.heartbeat);
  await crowd.join(serverCount, 8);
  const task = await furnish(fleet, crowd.names);
  console.log(`${serverCount} servers, ${groupCount} groups; ${seconds} s for each line\n`);
  console.log('| what | frames: median | 95 of 100 within | 99 of 100 within | slowest |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const one of measurements) console.log(await measure(browser, fleet, task, crowd.names, one));
}

const fleet = new Fleet();
const crowd = new Crowd(fleet);
const browser = await launch();
let clock;
const late = new Promise((_, reject) => {
  clock = setTimeout(() => reject(new Error(`it took longer than ${longestMs / 60_000} minutes`)), longestMs);
});
try {
  await Promise.race([measureAll(fleet, crowd, browser), late]);
  if (crowd.failed) throw crowd.failed;
} finally {
  clearTimeout(clock);
  crowd.stop();
  await browser.close();
  await fleet.stop();
}
