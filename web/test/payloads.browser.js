// Writes markup into every field that takes a text, and looks at every page: what others wrote is shown, and never run.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { Description, withValue } from './description.js';
import { Hostile, icalendar, mark, name } from './hostile.js';
import { Fleet, until } from './programs.js';
import { Visitor, launch, payload } from './visitor.js';

const fleet = new Fleet();
let browser;
let visitor;
let page;
let description;
let hostile;

before(async () => {
  await fleet.start('--notify-private', '127.0.0.0/8');
  await fleet.join('js-1', 4);
  description = await Description.of(fleet, payload);
  hostile = new Hostile(fleet, description);
  await hostile.make();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await fleet.stop();
});

beforeEach(async () => {
  visitor = await Visitor.come(browser, fleet);
  page = visitor.page;
  page.on('dialog', (dialog) => visitor.troubles.push(`a dialog: ${dialog.message()}`));
  await visitor.signIn();
});

afterEach(() => visitor.leave());

/** Fails where the page has taken a text for markup, or has run it. */
async function harmless(where) {
  await page.waitForFunction(() => !document.querySelector('[role=status][aria-label$="loading"]'));
  assert.equal(await page.evaluate(() => window.hacked), undefined, `${where} ran what others wrote`);
  assert.equal(await page.locator('img[src=x]').count(), 0, `${where} took a text for markup`);
  assert.equal(await page.getByText('49', { exact: true }).count(), 0, `${where} took a text for a template`);
}

/** The pages, each with how many places at least show the text as it is. */
const pages = () => [
  ['/', 0],
  ['/servers', 1],
  ['/servers?view=cards', 1],
  ['/servers/js-1', 2],
  ['/virtual-servers', 1],
  ['/runs', 0],
  [`/runs/${hostile.run}`, 2],
  [`/runs/${hostile.run}?part=why`, 0],
  [`/runs/${hostile.run}?part=checkpoints`, 3],
  [`/runs/${hostile.run}?part=parameters`, 2],
  [`/runs/${hostile.run}?part=processes`, 0],
  [`/runs/${hostile.run}?part=history`, 0],
  ['/tasks', 1],
  [`/tasks/${name}`, 1],
  [`/tasks/${name}?part=triggers`, 3],
  [`/tasks/${name}?part=runs`, 0],
  [`/tasks/${name}?part=where`, 0],
  [`/tasks/${name}?part=what-if`, 0],
  ['/tasks/command', 0],
  ['/tasks/steps', 0],
  ['/tasks/packed', 0],
  ['/tasks/talend', 0],
  [`/runs/${hostile.packed}`, 0],
  [`/runs/${hostile.packed}?part=history`, 0],
  [`/runs/${hostile.steps}`, 0],
  ['/plans', 1],
  [`/plans/${name}`, 1],
  [`/plans/${name}?part=edit`, 1],
  [`/plans/${name}/runs/${hostile.planRun}`, 0],
  ['/timeline', 0],
  ['/recovery', 1],
  ['/settings', 0],
  ['/settings/about', 0],
  ['/settings/retention', 0],
  ['/settings/archives', 1],
  ['/settings/archives/plain?version=1.0', 1],
  [`/settings/archives/plain?version=${encodeURIComponent(payload)}`, 1],
  ['/settings/calendars', 1],
  [`/settings/calendars/${name}`, 1],
  ['/settings/notifications', 1],
  ['/settings/notifications?tab=rules', 1],
  ['/settings/notifications?tab=deliveries', 0],
  ['/settings/limits', 1],
  ['/settings/audit', 1],
  [`/servers?q=${encodeURIComponent(payload)}`, 0],
  [`/runs?q=${encodeURIComponent(payload)}&task=${encodeURIComponent(payload)}`, 0],
  [`/settings/audit?act=${encodeURIComponent(payload)}&by=${encodeURIComponent(payload)}`, 0],
  [`/tasks/${encodeURIComponent(payload)}`, 0],
];

test('no page runs what others wrote, and those that are about it show it as it is', async () => {
  // The last page is of a task that nobody made.
  visitor.expects(/ 404 /);
  for (const [path, places] of pages()) {
    await visitor.go(path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    if (places > 0) {
      const shown = () => page.getByText(payload, { exact: false }).count();
      await until(`${path} shows the text in ${places} places`, async () => (await shown()) >= places).catch(
        async () => assert.fail(`${path} shows the text in ${await shown()} places, not in ${places}`),
      );
    }
    await harmless(path);
  }
});

test('no form, menu or list to jump in runs what others wrote', async () => {
  await visitor.go(`/tasks/${name}`);
  await page.getByRole('button', { name: 'Run now…' }).click();
  await page.getByRole('dialog').getByRole('table', { name: 'Candidates' }).waitFor();
  await harmless('the form that runs a task');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page
    .getByPlaceholder('A page, server, group, task or run, a plan, a calendar or an archive')
    .fill(payload);
  await harmless('the list to jump in');
  await visitor.go('/servers/js-1');
  await page.getByRole('button', { name: 'What to do with js-1' }).click();
  await page.getByRole('menuitem', { name: 'Settings…' }).click();
  await page.getByRole('dialog').waitFor();
  await harmless('the settings of a server');
  await visitor.go(`/settings/calendars/${name}`);
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').waitFor();
  const file = { name: `${mark}.ics`, mimeType: 'text/calendar', buffer: Buffer.from(icalendar) };
  await page.locator('input[type=file]').setInputFiles(file);
  await page.getByText(`${mark}.ics: 2 events`).waitFor();
  await page.getByRole('button', { name: 'Look at the coming year by it' }).click();
  await page.getByRole('dialog').getByText(`(${mark})`, { exact: false }).first().waitFor();
  await harmless('the form of a calendar');
  await visitor.go('/settings/notifications');
  await page.getByRole('button', { name: 'Edit mail' }).click();
  await page.getByRole('dialog').getByText(mark, { exact: false }).first().waitFor();
  await harmless('the form of a channel by e-mail');
  await visitor.go('/settings/notifications?tab=rules');
  await page.getByRole('button', { name: `Edit ${name}` }).click();
  await page.getByRole('dialog').waitFor();
  await harmless('the form of a rule');
});

/** Never shown: what is typed here is answered with a session or a refusal. */
const unseen = ['SessionRequest.token'];

test('a field of a request that was not tried with markup refuses it, and says that it is that field', async () => {
  const wrong = [];
  let refused = 0;
  for (const { method, path: template, schema } of description.requests()) {
    const known = hostile.bodies.get(`${method} ${template}`);
    const path = known?.path ?? template.replaceAll(/\{[a-z]+\}/g, name);
    for (const { field, path: place } of description.texts(schema)) {
      if (hostile.taken.has(field) || unseen.includes(field)) continue;
      const answer = await fleet.answer(method, path, withValue(known?.body ?? {}, place, mark));
      const names = (answer.body?.errors ?? []).map((fault) => fault.field);
      const told = names.some((fault) => place.startsWith(fault) || fault.startsWith(place));
      if (answer.status === 422 && told) refused++;
      else wrong.push(`${field}: ${method} ${path} ${place} was answered ${answer.status}, ${names.join()}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(refused > 50, `only ${refused} fields refused markup`);
});

/** An address as it would be if no name in it had markup. */
function withoutMarkup(address) {
  const url = new URL(address);
  const parts = url.pathname.split('/').map((part) => decodeURIComponent(part).replaceAll(payload, ''));
  url.pathname = parts.map(encodeURIComponent).join('/');
  for (const [key, value] of [...url.searchParams]) url.searchParams.set(key, value.replaceAll(payload, ''));
  return url;
}

/**
 * Puts markup behind each text of the answers that the page reads, names among them, and takes it out of what the page asks
 * for by them. Returns, as they grow, whose texts these were, and whose there could be.
 */
async function spoil(visited) {
  const [spoiled, possible] = [new Set(), new Set()];
  const spoilt = (text, field) => {
    spoiled.add(field);
    return text + payload;
  };
  await visited.route('**/api/v1/**', async (route) => {
    const asked = route.request();
    const url = withoutMarkup(asked.url());
    const schema = description.answer(asked.method(), url.pathname.replace('/api/v1', ''));
    if (schema === null || url.searchParams.has('follow')) return route.continue({ url: url.href });
    const postData = asked.postData()?.replaceAll(JSON.stringify(payload).slice(1, -1), '');
    const response = await route.fetch({ url: url.href, ...(postData ? { postData } : {}) });
    if (!response.ok()) return route.fulfill({ response });
    for (const { field } of description.texts(schema)) possible.add(field);
    const json = description.mapped(schema, await response.json(), spoilt, { filled: true });
    return route.fulfill({ response, json });
  });
  return { spoiled, possible };
}

/** Texts in which an answer has no markup: secrets and what only runs know, and what no page shows of a notice. */
const excused = [/^Package[.]sha256$/, /^Webhook[.]headers/, /^(Late|Occurrence|Plan)Facts[.]/];

test('whatever text an answer has, no page takes it for markup', async () => {
  // The page of a task that nobody made.
  visitor.expects(/ 404 /);
  const { spoiled, possible } = await spoil(page);
  for (const [path] of pages()) {
    await visitor.go(path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await harmless(path);
  }
  const missed = [...possible].filter((field) => !spoiled.has(field));
  assert.deepEqual(
    missed.filter((field) => !excused.some((one) => one.test(field))),
    [],
  );
  assert.ok(spoiled.size > 150, `only ${spoiled.size} fields had markup`);
});
