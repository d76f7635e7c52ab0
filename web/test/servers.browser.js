// Looks at the list of more servers than are drawn at once, as one scrolls in it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Crowd } from './crowd.js';
import { Fleet, until } from './programs.js';
import { Visitor, launch } from './visitor.js';

const fleet = new Fleet();
const crowd = new Crowd(fleet);
let browser;

before(async () => {
  await fleet.start(...Crowd.heartbeat);
  await crowd.join(80, 4);
  browser = await launch();
});

after(async () => {
  crowd.stop();
  await browser?.close();
  await fleet.stop();
});

for (const [kind, query] of Object.entries({ 'a long list': '', 'a short list': '?q=js-01' })) {
  test(`the head of ${kind} of servers stays below the top of the page while one scrolls`, async () => {
    const visitor = await Visitor.come(browser, fleet, { viewport: { width: 1280, height: 320 } });
    await visitor.signIn(`/servers${query}`);
    const { page } = visitor;
    const head = page.getByRole('columnheader', { name: 'Rating' });
    await head.waitFor();
    const bar = await page.getByRole('banner').boundingBox();
    const before = await head.boundingBox();
    await page.mouse.move(600, 250);
    await page.mouse.wheel(0, 300);
    await until('the page has scrolled', () => page.evaluate(() => window.scrollY > 150));
    await until('the head stands below the bar', async () => {
      const { y } = await head.boundingBox();
      return y < before.y && Math.abs(y - (bar.y + bar.height)) < 2;
    });
    const covered = await head.evaluate((cell) => {
      const { left, top, width, height } = cell.getBoundingClientRect();
      return !cell.contains(document.elementFromPoint(left + width / 2, top + height / 2));
    });
    assert.ok(!covered, 'rows go by below the head, not over it');
    assert.equal(crowd.failed, undefined);
    await visitor.leave();
  });
}

test('on a phone the list of servers scrolls to the sides by itself, and the page does not', async () => {
  const visitor = await Visitor.come(browser, fleet, { viewport: { width: 390, height: 844 } });
  await visitor.signIn('/servers?q=js-01&view=table');
  await visitor.page.getByRole('link', { name: 'js-010' }).waitFor();
  const { scrollWidth, innerWidth } = await visitor.page.evaluate(() => ({
    scrollWidth: document.documentElement.scrollWidth,
    innerWidth: window.innerWidth,
  }));
  assert.ok(scrollWidth <= innerWidth, `the page is ${scrollWidth} pixels wide`);
  await visitor.leave();
});
