// Opens what can be opened on each page, menus, lists to choose from, dialogs, and what can be opened in those, and looks
// at each as it is open: whether it keeps the rules of WCAG 2.2 AA, and whether the focus returns to what has opened it.

import { after, before, test } from 'node:test';

import { Fleet, until } from './programs.js';
import { Visitor, launch } from './visitor.js';

const fleet = new Fleet();
let browser;
let failed;
let running;
let planRun;

before(async () => {
  await fleet.start();
  await fleet.join('js-1', 4);
  await fleet.join('js-2', 4);
  await fleet.post('/virtual-servers', { name: 'etl', members: ['js-1', 'js-2'] });
  await fleet.post('/virtual-servers', { name: 'reports', members: ['js-2'], selection: 'priority' });
  const task = (name, command) =>
    fleet.post('/tasks', {
      name,
      target: { virtual_server: 'etl' },
      job: { command },
      params: { date: 'x' },
    });
  await task('load', ['sleep', '1000']);
  await task('fail', ['false']);
  await fleet.post('/tasks/load/triggers', { name: 'hourly', every: '1h' });
  await fleet.post('/plans', {
    name: 'nightly',
    nodes: [
      { name: 'first', task: 'fail' },
      { name: 'second', task: 'load' },
    ],
    edges: [{ from: 'first', to: 'second', on: 'after' }],
  });
  await fleet.post('/plans/nightly/triggers', { name: 'daily', every: '24h' });
  running = (await fleet.post('/tasks/load/runs')).id;
  failed = (await fleet.post('/tasks/fail/runs')).id;
  planRun = (await fleet.post('/plans/nightly/runs', {})).id;
  await until('it has failed', async () => (await fleet.get(`/runs/${failed}`)).state === 'failed');
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await fleet.stop();
});

/** Looks at one page of a visitor, and at what can be opened there. */
class Look {
  constructor(visitor, where) {
    this.visitor = visitor;
    this.page = visitor.page;
    this.where = where;
  }

  /** Lets axe judge what is to be seen, in light and in dark colours. */
  async judge(what) {
    for (const colorScheme of ['dark', 'light']) {
      await this.page.emulateMedia({ colorScheme });
      await this.page.waitForFunction(
        (wanted) =>
          document.documentElement.dataset.mantineColorScheme === wanted &&
          document.getAnimations().every(({ playState }) => playState !== 'running'),
        colorScheme,
      );
      await this.visitor.checkAccessible(`${what} on ${this.where}, ${colorScheme}`);
    }
  }

  /** Presses Esc, and fails where the focus does not come back to what has opened what was closed. */
  async leave(what, opener) {
    await this.page.keyboard.press('Escape');
    await until(`the focus is back at ${opener} once ${what} on ${this.where} is closed`, async () =>
      (await this.focused()).includes(opener),
    );
  }

  /** The words of what has the focus. */
  focused() {
    return this.page.evaluate(() => {
      const { ariaLabel, textContent, tagName } = document.activeElement;
      return tagName === 'BODY' ? 'the window' : `${ariaLabel ?? ''} ${textContent}`;
    });
  }

  /** Opens the lists that can be chosen from in a part of the page. */
  async lists(within, of) {
    const boxes = within.locator('input[aria-haspopup="listbox"]:visible:not([disabled])');
    for (let i = 0; i < (await boxes.count()); i++) {
      const box = boxes.nth(i);
      await box.click();
      if ((await box.getAttribute('aria-expanded')) !== 'true') continue; // It opens when something is typed.
      await this.judge(`list ${i + 1} of ${of}`);
      await box.press('Escape');
      await box.blur();
    }
  }

  /** Looks at the dialog that has opened, and at the lists in it. */
  async dialog(name, opener) {
    const dialog = this.page.getByRole('dialog');
    await dialog.waitFor();
    await dialog
      .getByRole('status', { name: /loading/ })
      .first()
      .waitFor({ state: 'detached' });
    await this.judge(`what “${name}” opens`);
    await this.lists(dialog, `what “${name}” opens`);
    await this.leave(`what “${name}” opens`, opener);
    await dialog.waitFor({ state: 'detached' });
  }

  async menu(label) {
    const open = async () => {
      await this.page.getByRole('button', { name: label, exact: true }).first().click();
      await this.page.getByRole('menuitem').first().waitFor();
    };
    await open();
    await this.judge(`the menu “${label}”`);
    const asking = (await this.page.getByRole('menuitem').allTextContents()).filter((text) =>
      text.endsWith('…'),
    );
    await this.leave(`the menu “${label}”`, label);
    for (const name of asking) {
      await open();
      await this.page.getByRole('menuitem', { name, exact: true }).click();
      await this.dialog(name, label);
    }
    return asking.length;
  }

  async button(name) {
    await this.page.getByRole('button', { name, exact: true }).first().click();
    await this.dialog(name, name);
  }
}

/** Each page, with the menus and the buttons of it that open something. */
const places = () => [
  { path: '/', buttons: ['Jump to…'] },
  { path: '/servers', menus: ['What to do with js-1'], buttons: ['Add a server'], lists: true },
  { path: '/servers/js-1', menus: ['What to do with js-1'] },
  {
    path: '/virtual-servers',
    menus: ['What to do with js-1', 'What to do with js-2 in etl', 'What to do with js-2 in reports'],
    buttons: ['Edit etl', 'New group'],
  },
  { path: '/runs', lists: true },
  { path: `/runs/${running}`, menus: ['More that can be done'], buttons: ['Cancel…', 'Recover…'] },
  { path: `/runs/${failed}`, menus: ['More that can be done'], buttons: ['Run again…', 'Recover…'] },
  { path: '/tasks', buttons: ['Run load now'], lists: true },
  { path: '/tasks/load', buttons: ['Run now…', 'Remove…'], lists: true },
  {
    path: '/tasks/load?part=triggers',
    menus: ['What can be done with hourly'],
    buttons: ['Add a trigger…', 'Pause all of this task…'],
  },
  { path: '/tasks/load?part=what-if', lists: true },
  { path: '/plans/nightly', buttons: ['Run now…', 'Remove…'] },
  { path: '/plans/nightly?part=triggers', menus: ['What can be done with daily'] },
  { path: '/plans/nightly?part=edit', buttons: ['Add a node…'], lists: true },
  { path: `/plans/nightly/runs/${planRun}`, buttons: ['Cancel…'] },
  { path: '/timeline', lists: true },
  { path: '/recovery', lists: true },
  { path: '/settings/calendars', buttons: ['New calendar'] },
  { path: '/settings/notifications', buttons: ['New channel'] },
  { path: '/settings/limits', buttons: ['New group'] },
  { path: '/settings/audit', lists: true },
];

test('what opens keeps the rules of WCAG 2.2 AA, and gives the focus back when it closes', async (t) => {
  const visitor = await Visitor.come(browser, fleet, { reducedMotion: 'reduce' });
  await visitor.signIn();
  for (const { path, menus = [], buttons = [], lists = false } of places()) {
    await t.test(path, async () => {
      await visitor.go(path);
      const { page } = visitor;
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page
        .getByRole('status', { name: /loading/ })
        .first()
        .waitFor({ state: 'detached' });
      const look = new Look(visitor, path);
      for (const label of menus) await look.menu(label);
      for (const name of buttons) await look.button(name);
      if (lists) await look.lists(page.getByRole('main'), 'the page');
    });
  }
  await visitor.leave();
});
