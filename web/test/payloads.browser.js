// Writes markup into every field that takes a text, and looks at every page: what others wrote is shown, and never run.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { aPackage } from './packages.js';
import { Fleet, until } from './programs.js';
import { Visitor, launch, payload } from './visitor.js';

const fleet = new Fleet();
let browser;
let visitor;
let page;
let run;
let planRun;

/** A name that the rules for names allow, next to texts that may hold anything. */
const name = 'hostile';
const quoted = `'${payload}'`;

/** Says all that a job may say: output in colours, progress, outputs, a checkpoint with a file; and fails. */
const job = `cat <<'END'
${payload}
END
printf '\\033[31m%s\\033[0m\\n' ${quoted}
jobserver progress 10 ${quoted}
jobserver output text=${quoted}
echo x > '<img src=x onerror=window.hacked=1>.txt'
jobserver checkpoint ${quoted} '<img src=x onerror=window.hacked=1>.txt' --label ${quoted} --instructions ${quoted} || exit 9
exit 3`;

const task = {
  name,
  description: payload,
  target: { virtual_server: name },
  job: { script: { interpreter: ['/bin/sh'], text: job } },
  params: { text: payload },
  labels: { team: 'a-b' },
};

before(async () => {
  await fleet.start('--notify-private', '127.0.0.0/8');
  await fleet.join('js-1', 4);
  await fleet.request('PATCH', '/servers/js-1', { description: payload });
  await fleet.post('/virtual-servers', { name, description: payload, members: ['js-1'] });
  await fleet.post('/tasks', task);
  await fleet.post('/tasks', {
    name: 'command',
    target: { server: 'js-1' },
    job: { command: ['echo', payload] },
  });
  // Names of archives allow no markup; what a package says of itself may hold anything.
  await fleet.put(`/archives/${name}/versions/1`, aPackage('true', [payload]));
  await fleet.post('/tasks', {
    name: 'packed',
    target: { server: 'js-1' },
    job: { archive: { name } },
  });
  await fleet.post('/concurrency-groups', { name, description: payload, max_concurrent: 2 });
  await fleet.post('/calendars', {
    name,
    description: payload,
    entries: [{ name: payload, date: '12-25' }],
  });
  const triggers = [
    { name: 'clock', cron: '0 2 * * *', description: payload, params: { text: payload }, calendar: name },
    {
      name: 'files',
      file: { server: 'js-1', path: '/tmp', mask: '<img src=x onerror=window.hacked=1>*' },
    },
    { name: 'called', webhook: { signature: 'none' }, description: payload },
  ];
  for (const trigger of triggers) await fleet.post(`/tasks/${name}/triggers`, trigger);
  await fleet.post(`/tasks/${name}/triggers/clock/pause`, { reason: payload });
  await fleet.post(`/tasks/command/pause`, { reason: payload });
  await fleet.post('/notifications/channels', {
    name,
    description: payload,
    webhook: { url: 'http://127.0.0.1:9/hook' },
  });
  await fleet.post('/notifications/rules', {
    name,
    description: payload,
    events: ['run_failed'],
    channels: [name],
  });
  await fleet.post('/plans', {
    name,
    description: payload,
    params: { text: payload },
    nodes: [{ name: 'first', task: name, params: { text: payload } }],
  });
  run = (await fleet.post(`/tasks/${name}/runs`, { params: { text: payload } })).id;
  await until('the run has failed', async () => (await fleet.get(`/runs/${run}`)).state === 'failed', 60_000);
  planRun = (await fleet.post(`/plans/${name}/runs`, { params: { text: payload } })).id;
  await until(
    'the plan run has failed',
    async () => (await fleet.get(`/plan-runs/${planRun}`)).ended_at,
    60_000,
  );
  await until(
    'somebody was to be told',
    async () => (await fleet.get('/notifications/deliveries')).items.length > 0,
  );
  await fleet.post('/servers/js-1/drain', { reason: payload });
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
  const loading = page.getByRole('status', { name: /loading$/ });
  await until(`${where} has loaded`, async () => (await loading.count()) === 0, 60_000);
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
  [`/runs/${run}`, 2],
  [`/runs/${run}?part=why`, 0],
  [`/runs/${run}?part=checkpoints`, 3],
  [`/runs/${run}?part=parameters`, 2],
  [`/runs/${run}?part=processes`, 0],
  [`/runs/${run}?part=history`, 0],
  ['/tasks', 1],
  [`/tasks/${name}`, 1],
  [`/tasks/${name}?part=triggers`, 3],
  [`/tasks/${name}?part=runs`, 0],
  [`/tasks/${name}?part=where`, 0],
  [`/tasks/${name}?part=what-if`, 0],
  ['/tasks/command', 0],
  ['/plans', 1],
  [`/plans/${name}`, 1],
  [`/plans/${name}?part=edit`, 1],
  [`/plans/${name}/runs/${planRun}`, 0],
  ['/timeline', 0],
  ['/recovery', 1],
  ['/settings', 0],
  ['/settings/archives', 1],
  [`/settings/archives/${name}?version=1`, 2],
  [`/settings/archives/${name}?version=${encodeURIComponent(payload)}`, 1],
  ['/tasks/packed', 1],
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
  await page.getByPlaceholder('A page, server, group, task, archive or run').fill(payload);
  await harmless('the list to jump in');
  await visitor.go('/servers/js-1');
  await page.getByRole('button', { name: 'What to do with js-1' }).click();
  await page.getByRole('menuitem', { name: 'Settings…' }).click();
  await page.getByRole('dialog').waitFor();
  await harmless('the settings of a server');
  await visitor.go(`/settings/calendars/${name}`);
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').waitFor();
  await harmless('the form of a calendar');
  await visitor.go('/settings/notifications?tab=rules');
  await page.getByRole('button', { name: `Edit ${name}` }).click();
  await page.getByRole('dialog').waitFor();
  await harmless('the form of a rule');
});
