// A person with a browser, for tests: signs in, and hears what the browser complains of. No test ends well while a page has
// written to the browser's console what was not to be expected.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { chromium } from 'playwright-core';

/** Starts a browser without what it would ask of the network by itself. */
export function launch() {
  return chromium.launch({
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
}

/** A machine may be busy. */
const patienceMs = 60_000;

const require = createRequire(import.meta.url);
let axeSource;

/** A text that would run if a page took it for its own markup. */
export const payload = `"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{7*7}}`;

/** Lets parts of the console and answers of the conductor come some milliseconds later, as on a slow line or a busy machine. */
async function slowDown(context, ms) {
  await context.route(/\/(assets|api)\//, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    // The page may have left meanwhile.
    await route.continue().catch(() => undefined);
  });
}

export class Visitor {
  troubles = [];
  /** What the browser may say: advice on forms; and before one has signed in, the question who that is has no other answer. */
  #expected = [/^\[DOM\] /, /^Failed to load resource: .* status of 401 /];

  /** Opens a page of its own in a browser. Options are those of a browser's context. */
  static async come(browser, fleet, options = {}) {
    const visitor = new Visitor();
    visitor.fleet = fleet;
    visitor.context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    if (process.env.SLOW) await slowDown(visitor.context, Number(process.env.SLOW));
    visitor.page = await visitor.context.newPage();
    visitor.page.setDefaultTimeout(patienceMs);
    visitor.page.on('pageerror', (error) => visitor.troubles.push(error.message));
    visitor.page.on('console', (message) => visitor.troubles.push(message.text()));
    return visitor;
  }

  /** Signs in and goes to an address. */
  async signIn(path = '/') {
    await this.page.goto(this.fleet.url + path);
    await this.giveToken();
  }

  /** Signs in where the page asks for the token. */
  async giveToken() {
    await this.page.getByLabel('Token').fill(this.fleet.token);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.page.getByRole('status', { name: 'live', exact: true }).waitFor();
  }

  /** Ends the session behind the page's back, as its end by time would. */
  async endSession() {
    const cookie = (await this.context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    const answer = await fetch(`${this.fleet.url}/api/v1/session`, { method: 'DELETE', headers: { cookie } });
    if (!answer.ok) throw new Error(`the session was not ended: ${answer.status}`);
  }

  async go(path) {
    await this.page.goto(this.fleet.url + path);
    await this.page.getByRole('status', { name: 'live', exact: true }).waitFor();
  }

  /** Foretells what the browser will say of what a test does on purpose, such as / 422 /. */
  expects(pattern) {
    this.#expected.push(pattern);
  }

  /** What pages wrote to the browser's console, and what the browser complained of there, but for what is expected. */
  complaints() {
    return this.troubles.filter((text) => !this.#expected.some((pattern) => pattern.test(text)));
  }

  /** Fails where the page breaks a rule of WCAG 2.2 AA that can be checked by machine. */
  async checkAccessible(where) {
    axeSource ??= await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');
    if (!(await this.page.evaluate(() => 'axe' in window))) await this.page.evaluate(axeSource);
    const { violations } = await this.page.evaluate(() =>
      window.axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
        resultTypes: ['violations'],
      }),
    );
    const found = violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map((node) => `${node.target.join(' ')} (${node.failureSummary})`).join('; ')}`,
    );
    assert.deepEqual(found, [], `${where} breaks rules of WCAG 2.2 AA`);
  }

  /**
   * Has the rules of WCAG 2.2 AA checked in light and in dark, and that nothing is wider than a phone. A folder named by LOOK
   * gets pictures of it in all ways.
   */
  async look(name) {
    const { page } = this;
    const picture = async (way) => {
      if (process.env.LOOK) await page.screenshot({ path: `${process.env.LOOK}/${name}-${way}.png` });
    };
    for (const scheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: scheme });
      // The page learns of it a moment later, and colours that are on their way cannot be judged.
      await page.waitForFunction(
        (wanted) => document.documentElement.dataset.mantineColorScheme === wanted,
        scheme,
      );
      await page.waitForFunction(() =>
        document.getAnimations().every(({ playState }) => playState !== 'running'),
      );
      await this.checkAccessible(`${name}, ${scheme}`);
      await picture(scheme);
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 390, height: 844 });
    await picture('phone');
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${name} is ${wide} pixels wider than a phone`);
    await page.setViewportSize({ width: 1280, height: 900 });
  }

  /** Closes the page. Fails where the console of the browser had something that was not expected. */
  async leave() {
    await this.context.close();
    assert.deepEqual(this.complaints(), [], 'the browser had to complain');
  }
}
