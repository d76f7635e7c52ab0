// Sets up a calendar, a channel and a rule in a real browser, and watches a real notice arrive.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import { after, afterEach, before, test } from 'node:test';

import { Fleet, until } from './programs.js';
import { Visitor, launch } from './visitor.js';

const fleet = new Fleet();
const received = [];
const receiver = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (part) => (text += part));
  request.on('end', () => {
    received.push({ url: request.url, headers: request.headers, body: JSON.parse(text) });
    response.writeHead(204).end();
  });
});
let browser;
let visitor;
let page;

before(async () => {
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  await fleet.start('--notify-private', '127.0.0.0/8');
  await fleet.join('js-1', 4);
  await fleet.post('/tasks', {
    name: 'fails',
    labels: { team: 'etl' },
    target: { server: 'js-1' },
    job: { command: ['/bin/sh', '-c', 'exit 3'] },
  });
  await fleet.post('/tasks', {
    name: 'fails-too',
    target: { server: 'js-1' },
    job: { command: ['/bin/sh', '-c', 'exit 3'] },
  });
  browser = await launch();
  visitor = await Visitor.come(browser, fleet, { reducedMotion: 'reduce' });
  page = visitor.page;
  // What is refused on purpose is told by the browser too.
  visitor.expects(/ 422 /);
  await visitor.signIn();
});

afterEach(() => assert.deepEqual(visitor.complaints(), []));

after(async () => {
  await browser?.close();
  await fleet.stop();
  await new Promise((resolve) => receiver.close(resolve));
});

async function go(path, heading) {
  await page.goto(fleet.url + path);
  await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
}

const look = (name) => visitor.look(name);

test('a calendar is made, what is wrong stands at its field, and its year is shown', async () => {
  await go('/settings/calendars', 'Calendars');
  await page.getByText('There is no calendar yet').waitFor();
  await look('calendars-empty');
  await page.getByRole('button', { name: 'New calendar' }).first().click();
  const form = page.getByRole('dialog', { name: 'New calendar' });
  await form.getByRole('textbox', { name: 'Name', exact: true }).fill('holidays');
  await form.getByRole('button', { name: 'Add days or hours' }).click();
  await form.getByLabel('Called').fill('Christmas');
  await form.getByLabel('Day', { exact: true }).fill('12-99');
  await form.getByRole('button', { name: 'Create' }).click();
  await form.getByText('must be a day such as 2026-12-25').waitFor();
  await look('calendar-form');
  await form.getByLabel('Day', { exact: true }).fill('12-25');
  await form.getByLabel('Until').fill('12-26');
  await form.getByRole('button', { name: 'Add days or hours' }).click();
  const second = form.getByRole('group', { name: 'Number 2' });
  await second.getByText('sat', { exact: true }).click();
  await second.getByText('sun', { exact: true }).click();
  await form.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'Calendar holidays', level: 1 }).waitFor();
  await page
    .getByRole('button', { name: /December.*: not due \(Christmas/ })
    .first()
    .waitFor();
  await look('calendar');
  const { entries } = await fleet.get('/calendars/holidays');
  assert.deepEqual(entries, [
    { name: 'Christmas', date: '12-25', until: '12-26' },
    { weekdays: ['sat', 'sun'] },
  ]);
});

test('an iCalendar file is looked at before it is saved, and the calendar is edited and deleted', async () => {
  await go('/settings/calendars', 'Calendars');
  await page.getByRole('button', { name: 'New calendar' }).first().click();
  const form = page.getByRole('dialog', { name: 'New calendar' });
  await form.getByRole('textbox', { name: 'Name', exact: true }).fill('closing');
  const year = new Date().getUTCFullYear() + 1;
  const text = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'BEGIN:VEVENT',
    'UID:summer@example',
    `DTSTART;VALUE=DATE:${year}0706`,
    `DTEND;VALUE=DATE:${year}0711`,
    'SUMMARY:Summer closing',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
  await form.locator('input[type="file"]').setInputFiles({
    name: 'closing.ics',
    mimeType: 'text/calendar',
    buffer: Buffer.from(text),
  });
  await form.getByText('closing.ics: 1 event').waitFor();
  await form.getByRole('button', { name: 'Look at the coming year by it' }).click();
  await form
    .getByRole('button', { name: /July.*: not due \(Summer closing/ })
    .first()
    .waitFor();
  assert.equal((await fleet.get('/calendars')).items.length, 1, 'a look has stored the calendar');
  await look('calendar-preview');
  await form.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'Calendar closing', level: 1 }).waitFor();
  await page.getByText('An iCalendar file with 1 event.').waitFor();

  // The year after has other days, and none of the file.
  await page.getByRole('button', { name: 'A year later' }).click();
  await page
    .getByRole('button', { name: new RegExp(`July ${year + 1}: due all day|July .*${year + 1}: due`) })
    .first()
    .waitFor();
  assert.equal(await page.getByRole('button', { name: /Summer closing/ }).count(), 0);
  await page.getByRole('button', { name: 'A year earlier' }).click();
  await page
    .getByRole('button', { name: /Summer closing/ })
    .first()
    .waitFor();

  await page.getByRole('button', { name: 'Edit' }).click();
  const edit = page.getByRole('dialog', { name: 'Calendar closing' });
  await edit.getByLabel('What it is for').fill('the works are closed');
  await edit.getByRole('button', { name: 'Save' }).click();
  await page.getByText('the works are closed').waitFor();
  assert.equal((await fleet.get('/calendars/closing')).description, 'the works are closed');
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete closing for good' }).click();
  await page.getByText('closing is deleted').waitFor();
  await page.getByRole('heading', { name: 'Calendars', level: 1 }).waitFor();
  assert.equal((await fleet.get('/calendars')).items.length, 1);
});

test('a channel is made and tested, a rule tells it of a failure, and the delivery is seen', async () => {
  await go('/settings/notifications', 'Notifications');
  await page.getByRole('button', { name: 'New channel' }).first().click();
  const form = page.getByRole('dialog', { name: 'New channel' });
  await form.getByRole('textbox', { name: 'Name', exact: true }).fill('chat');
  await form.getByLabel(/^Address/).fill('ftp://nowhere');
  await form.getByRole('button', { name: 'Create' }).click();
  await form.getByText('must begin with https:// or http://').waitFor();
  await look('channel-form');
  const { port } = receiver.address();
  await form.getByLabel(/^Address/).fill(`http://127.0.0.1:${port}/hook?key=hidden`);
  await form.getByLabel('Key of the signature', { exact: true }).fill('sixteen characters');
  await form.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('button', { name: 'Send a test to chat' }).click();
  await page.getByText('chat has taken the test').waitFor();
  assert.equal(received.at(-1).body.event, 'test');

  // An edit that touches no secret leaves all of them as they are, and shows none.
  await page.getByRole('button', { name: 'Edit chat' }).click();
  const edit = page.getByRole('dialog', { name: 'Channel chat' });
  assert.equal(await edit.getByLabel(/^Address/).inputValue(), '');
  await edit.getByLabel('Whom it reaches').fill('the people on duty');
  await look('channel-edit');
  await edit.getByRole('button', { name: 'Save' }).click();
  await page.getByText('the people on duty').waitFor();
  await look('channels');

  await page.getByRole('tab', { name: 'Rules' }).click();
  await page.getByRole('button', { name: 'New rule' }).first().click();
  const rule = page.getByRole('dialog', { name: 'New rule' });
  await rule.getByRole('textbox', { name: 'Name', exact: true }).fill('failures');
  await rule.getByLabel('Of what is told').click();
  await page.getByRole('option', { name: /run failed/ }).click();
  // The list stays open for further choices, over the field below it.
  await page.keyboard.press('Tab');
  await rule.getByLabel('Channels that are told').click();
  await page.getByRole('option', { name: 'chat' }).click();
  await page.keyboard.press('Tab');
  await rule.getByLabel('Only these tasks').fill('fai*');
  await page.keyboard.press('Enter');
  await rule.getByLabel('Only with these labels').fill('team=etl');
  await page.keyboard.press('Enter');
  await look('rule-form');
  await rule.getByRole('button', { name: 'Create' }).click();
  await page.getByText('chat of run failed; tasks fai*; label team=etl').waitFor();
  await look('rules');

  // The rule leaves out a task without the label, though it is called so.
  await fleet.post('/tasks/fails-too/runs');
  await fleet.post('/tasks/fails/runs');
  await page.getByRole('tab', { name: 'Deliveries' }).click();
  const row = page.getByRole('table', { name: 'Deliveries' }).getByRole('row', { name: /fails failed/ });
  await row.getByText('delivered').waitFor();
  await until('the receiver was told', () => received.some(({ body }) => body.event === 'run_failed'));
  const told = received.find(({ body }) => body.event === 'run_failed');
  assert.equal(told.url, '/hook?key=hidden');
  assert.match(told.body.title, /^fails failed/);
  assert.match(told.headers['webhook-signature'], /^v1,/);
  await look('deliveries');
});

test('a concurrency group is made and the rules of retention are edited', async () => {
  await go('/settings/limits', 'Limits');
  await page.getByRole('button', { name: 'New group' }).first().click();
  const form = page.getByRole('dialog', { name: 'New concurrency group' });
  await form.getByRole('textbox', { name: 'Name', exact: true }).fill('orders-db');
  await form.getByLabel('Runs active at once').fill('2');
  await form.getByRole('button', { name: 'Create' }).click();
  await page.getByText('0 of 2').waitFor();
  await look('limits');

  await go('/settings/retention', 'Retention');
  await page.getByLabel('Newest runs of each task or plan').fill('50');
  await page.getByLabel('Their output', { exact: true }).fill('3');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The rules of retention are saved').waitFor();
  const { runs, log_age } = await fleet.get('/settings/retention');
  assert.deepEqual({ runs, log_age }, { runs: 50, log_age: '72h0m0s' });
  await look('retention');
});

test('what was done is in the audit log with its reason, and what was refused with that', async () => {
  await fleet.post('/servers/js-1/drain', { reason: 'a new disk' });
  await fleet.post('/servers/js-1/activate', {});
  await assert.rejects(fleet.post('/servers/js-1/declare-dead', { reason: 'too short' }));
  await go('/settings/audit', 'Audit log');
  const log = page.getByRole('table', { name: 'Audit log' });
  const drained = log.getByRole('row', { name: /drain server/ });
  await drained.getByText('a new disk', { exact: true }).waitFor();
  await drained.getByText('admin').waitFor();
  await log
    .getByRole('row', { name: /declare server dead/ })
    .getByText(/^refused: /)
    .waitFor();
  await look('audit');
  await drained.getByText('what was asked for').click();
  await drained.getByText('"reason": "a new disk"').waitFor();
  await page.getByRole('combobox', { name: 'What was done' }).click();
  await page.getByRole('option', { name: 'activate server' }).click();
  await drained.waitFor({ state: 'detached' });
  await page.reload();
  await log.getByRole('row', { name: /activate server/ }).waitFor();
  assert.equal(await log.getByRole('row').count(), 2, 'the head and what was chosen');
  // What is done while one looks shows by itself.
  await fleet.post('/servers/js-1/activate', { reason: 'once more' });
  await log.getByText('once more', { exact: true }).waitFor();
  await log.getByRole('link', { name: 'servers/js-1' }).first().click();
  await page.getByRole('heading', { level: 1, name: /js-1/ }).waitFor();
});

test('the hub leads to each subject and says what there is', async () => {
  await go('/settings', 'Settings');
  await page.getByText('1 concurrency group').waitFor();
  await look('hub');
  await page.getByRole('main').getByRole('link', { name: /About/ }).click();
  await page.getByRole('heading', { name: 'About', level: 1 }).waitFor();
  await page.getByText('Apache License 2.0').waitFor();
  await page.getByRole('row', { name: /Database.*SQLite 3\..*schema \d+/ }).waitFor();
  await page.getByRole('heading', { name: 'Ready', exact: true }).waitFor();
  await look('about');
});
