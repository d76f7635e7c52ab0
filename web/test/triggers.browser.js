// Looks at triggers in the console of a real conductor: a webhook whose address is shown once and then called, a pause with
// its reason, and the rules for everybody to be able to use their forms.

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
  await fleet.join('js-1', 4);
  await fleet.post('/virtual-servers', { name: 'etl', members: ['js-1'] });
  await fleet.post('/tasks', { name: 'load', target: { virtual_server: 'etl' }, job: { command: ['true'] } });
  await fleet.post('/tasks/load/triggers', { name: 'hourly', every: '1h' });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await fleet.stop();
});

beforeEach(async () => {
  visitor = await Visitor.come(browser, fleet);
  page = visitor.page;
  await visitor.signIn('/tasks/load?part=triggers');
});

afterEach(() => visitor.leave());

test('a webhook is made, its address is shown once, and a call of it starts a run', async () => {
  await page.getByRole('button', { name: 'Add a trigger…' }).click();
  const form = page.getByRole('dialog', { name: 'A trigger for load' });
  await form.getByRole('textbox', { name: 'Name', exact: true }).fill('called');
  await form.getByText('when called').click();
  await form.getByRole('combobox', { name: 'How its callers sign' }).click();
  await page.getByRole('option', { name: /^not at all/ }).click();
  await form.getByRole('button', { name: 'Add the trigger' }).click();
  await page.getByRole('button', { name: 'Make the address' }).click();
  const address = await page
    .getByRole('group', { name: /^Address/ })
    .locator('code')
    .innerText();
  await page.getByRole('button', { name: 'I have them' }).click();
  const answer = await fetch(address, { method: 'POST', body: '{}' });
  assert.equal(answer.status, 202);
  await until('the call has made a run', async () => {
    const { items } = await fleet.get('/runs?task=load');
    return items.some(({ cause }) => cause.kind === 'trigger' && cause.by === 'called');
  });
  await page.reload();
  await page.getByText(/^address made/).waitFor();
  assert.ok(!(await page.content()).includes(address.split('/').at(-1)), 'the address is not shown again');
});

test('a trigger is paused with a reason, which is shown, and resumed', async () => {
  const act = async (name) => {
    await page.getByRole('button', { name: 'What can be done with hourly' }).click();
    await page.getByRole('menuitem', { name }).click();
  };
  await act('Pause…');
  await page.getByLabel('Why').fill('the disk is full');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByText(/^paused by admin, .*: the disk is full$/).waitFor();
  assert.equal((await fleet.get('/tasks/load/triggers/hourly')).pause.reason, 'the disk is full');
  await act('Resume');
  await page.getByText(/the disk is full/).waitFor({ state: 'detached' });
  assert.equal((await fleet.get('/tasks/load/triggers/hourly')).pause, null);
});

for (const [name, options] of Object.entries({
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  'a phone': { viewport: { width: 390, height: 844 } },
})) {
  test(`triggers and the form of a task keep the rules of WCAG 2.2 AA: ${name}`, async () => {
    const paused = await fleet.post('/triggers/pause', { reason: 'the database moves' });
    assert.equal(paused.items.length, 1);
    const other = await Visitor.come(browser, fleet, { reducedMotion: 'reduce', ...options });
    await other.signIn('/tasks/load?part=triggers');
    await other.page.getByText(/the database moves/).waitFor();
    await other.checkAccessible(`the triggers, ${name}`);
    await other.page.getByRole('button', { name: 'Add a trigger…' }).click();
    const form = other.page.getByRole('dialog', { name: 'A trigger for load' });
    await form.getByRole('button', { name: /^More/ }).click();
    await form.getByLabel('Calendar').waitFor();
    await other.checkAccessible(`the form of a trigger by the clock, ${name}`);
    await form.getByText('for files').click();
    await form.getByRole('textbox', { name: 'Folder', exact: true }).waitFor();
    await other.checkAccessible(`the form of a trigger for files, ${name}`);
    await other.go('/tasks/load');
    await other.page.getByRole('region', { name: 'How long its runs are kept' }).waitFor();
    await other.checkAccessible(`the form of a task, ${name}`);
    await other.leave();
    await fleet.post('/triggers/resume');
  });
}
