// Takes a picture of each page, light, dark and on a phone, into the folder given: `make screenshots`. The programs are
// real, with a fleet that has something to show.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { aPackage } from './packages.js';
import { Fleet, until } from './programs.js';
import { Visitor, launch } from './visitor.js';

const folder = process.argv[2];
if (!folder) throw new Error('which folder do the pictures go to?');

const kinds = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 } },
};

/** The pages, by the names of their pictures. A page is added with a line here. */
const pages = ({ run, planRun }) => ({
  overview: '/',
  servers: '/servers',
  server: '/servers/js-2',
  'virtual-servers': '/virtual-servers',
  runs: '/runs',
  run: `/runs/${run}`,
  tasks: '/tasks',
  task: '/tasks/load-orders',
  plan: '/plans/nightly',
  'plan-edit': '/plans/nightly?part=edit',
  'plan-run': `/plans/nightly/runs/${planRun}`,
  timeline: '/timeline',
  recovery: '/recovery',
  settings: '/settings',
  archives: '/settings/archives',
  archive: '/settings/archives/load-customers?version=1.4.0',
  audit: '/settings/audit',
});

const script = (text) => ({ script: { interpreter: ['/bin/sh'], text } });

/** A plan with all that a graph may have. */
const nightly = {
  name: 'nightly',
  description: 'What happened in the shops, on every desk by nine',
  params: { date: '2026-01-01' },
  nodes: [
    { name: 'extract', task: 'extract-orders', timeout: '30m' },
    { name: 'load-eu', task: 'load-orders' },
    { name: 'load-us', task: 'load-customers' },
    { name: 'report', task: 'daily-report' },
    { name: 'alarm', task: 'check-totals', join: 'any' },
  ],
  groups: [{ name: 'loads', nodes: ['load-eu', 'load-us'], limit: 2 }],
  edges: [
    { from: 'extract', to: 'loads' },
    { from: 'loads', to: 'report' },
    { from: 'extract', to: 'alarm', on: 'error' },
    { from: 'loads', to: 'alarm', on: 'error' },
  ],
};

/** Sets up servers, groups, tasks, a plan and runs; returns the ids of a run and a plan run that are worth a picture. */
async function furnish(fleet) {
  for (const [name, slots] of Object.entries({ 'js-1': 4, 'js-2': 8, 'js-3': 2, 'js-4': 16 }))
    await fleet.join(name, slots);
  await fleet.post('/virtual-servers', {
    name: 'etl',
    description: 'Nightly loads',
    members: ['js-1', 'js-2'],
  });
  await fleet.post('/virtual-servers', {
    name: 'reports',
    description: 'What people read',
    members: ['js-3', 'js-4'],
    selection: 'priority',
  });
  const load =
    'for i in $(seq 1 60); do echo "loaded $((i * 1000)) rows"; jobserver progress $i "loading orders"; sleep 0.2; done; sleep 1000';
  for (const version of ['1.3.2', '1.4.0']) {
    await fleet.put(`/archives/load-customers/versions/${version}`, aPackage(`echo "version ${version}"`));
  }
  const tasks = [
    { name: 'load-orders', target: { virtual_server: 'etl' }, job: script(load), on_unavailable: 'recover' },
    { name: 'extract-orders', target: { virtual_server: 'etl' }, job: script('echo done') },
    {
      name: 'load-customers',
      target: { virtual_server: 'etl' },
      job: { archive: { name: 'load-customers' } },
    },
    { name: 'daily-report', target: { virtual_server: 'reports' }, job: script('sleep 1000') },
    {
      name: 'check-totals',
      target: { virtual_server: 'reports' },
      job: script('echo "the totals differ" >&2; exit 3'),
    },
  ];
  for (const task of tasks) await fleet.post('/tasks', task);
  await fleet.post('/tasks/load-customers/triggers', { name: 'hourly', every: '1h' });
  await fleet.post('/plans', nightly);
  await fleet.post('/plans/nightly/triggers', {
    name: 'at-two',
    cron: '0 2 * * *',
    timezone: 'Europe/Paris',
  });
  await fleet.post('/servers/js-3/drain', { reason: 'a new disk' });
  const { id } = await fleet.post('/tasks/load-orders/runs', {});
  for (const name of ['load-customers', 'load-customers', 'daily-report', 'check-totals', 'load-orders']) {
    await fleet.post(`/tasks/${name}/runs`, {});
  }
  const planRun = await fleet.post('/plans/nightly/runs', {});
  await until(
    'the run has got on',
    async () => (await fleet.get(`/runs/${id}`)).progress?.percent >= 60,
    120_000,
  );
  return { run: id, planRun: planRun.id };
}

const fleet = new Fleet();
await fleet.start();
const browser = await launch();
try {
  await mkdir(folder, { recursive: true });
  const shown = pages(await furnish(fleet));
  for (const [kind, options] of Object.entries(kinds)) {
    const visitor = await Visitor.come(browser, fleet, {
      viewport: { width: 1200, height: 780 },
      ...options,
    });
    await visitor.signIn();
    for (const [name, path] of Object.entries(shown)) {
      await visitor.go(path);
      await visitor.page.getByRole('heading', { level: 1 }).waitFor();
      await visitor.page.waitForTimeout(1_500); // What loads after the heading, and what glows.
      await visitor.page.screenshot({ path: join(folder, `${name}-${kind}.png`) });
    }
    await visitor.leave();
  }
} finally {
  await browser.close();
  await fleet.stop();
}
