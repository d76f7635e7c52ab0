// Uploads packages in a real browser, has a task run one, and deletes a version that failed runs need.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { after, afterEach, before, test } from 'node:test';

import { aPackage } from './packages.js';
import { Fleet, until } from './programs.js';
import { Visitor, launch } from './visitor.js';

const fleet = new Fleet();
let browser;
let visitor;
let page;

before(async () => {
  await fleet.start();
  await fleet.join('js-1', 4);
  browser = await launch();
  visitor = await Visitor.come(browser, fleet, { reducedMotion: 'reduce' });
  page = visitor.page;
  await visitor.signIn();
});

afterEach(() => assert.deepEqual(visitor.complaints(), []));

after(async () => {
  await browser?.close();
  await fleet.stop();
});

const look = (name) => visitor.look(name);

/** Drops a file on the page, as from a folder of the desktop. */
async function drop(name, content) {
  const transfer = await page.evaluateHandle(
    ([called, bytes]) => {
      const data = new window.DataTransfer();
      data.items.add(new window.File([new Uint8Array(bytes)], called));
      return data;
    },
    [name, [...content]],
  );
  await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer });
  await page.getByText(/^Drop the package to upload/).waitFor();
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

test('a package is uploaded, and what is no package is refused with the reason', async () => {
  visitor.expects(/ 422 /);
  await visitor.go('/settings/archives');
  await page.getByText('There is no archive yet').waitFor();
  await look('archives-empty');
  await page.getByRole('button', { name: 'Upload an archive' }).first().click();
  const form = page.getByRole('dialog', { name: 'Upload an archive' });
  const input = form.locator('input[type="file"]');
  await input.setInputFiles({
    name: 'load-orders_1.0.zip',
    mimeType: 'application/zip',
    buffer: Buffer.from('text'),
  });
  await form.getByRole('button', { name: 'Upload' }).click();
  await form.getByText(/neither a zip nor a tar.gz/).waitFor();
  await look('archive-upload-refused');
  await input.setInputFiles({
    name: 'load-orders_1.0.tar.gz',
    mimeType: 'application/gzip',
    buffer: aPackage('echo "the first version"'),
  });
  await form.getByRole('button', { name: 'Upload' }).click();
  await page.getByRole('heading', { name: 'Archive load-orders', level: 1 }).waitFor();
  await page.getByRole('table', { name: 'Versions' }).getByText('1.0', { exact: true }).waitFor();
  await page.getByText('No task runs this archive yet').waitFor();
});

test('a task runs the archive that is chosen in its form, and the run writes what it should', async () => {
  await visitor.go('/tasks/~new');
  const target = page.getByRole('region', { name: 'Where it runs' });
  await page
    .getByRole('region', { name: 'What it is' })
    .getByRole('textbox', { name: 'Name' })
    .fill('orders');
  await target.getByText('one job server', { exact: true }).click();
  await target.getByRole('combobox', { name: 'Job server' }).click();
  await page.getByRole('option', { name: 'js-1' }).click();
  const job = page.getByRole('region', { name: 'What is run' });
  await job.getByText('archive', { exact: true }).click();
  await job.getByRole('combobox', { name: 'Archive' }).click();
  await page.getByRole('option', { name: 'load-orders' }).click();
  await job.getByText('By default what this version names: ./run.sh.').waitFor();
  assert.equal(await job.getByRole('combobox', { name: 'Version' }).inputValue(), 'latest, 1.0 now');
  await job.getByRole('combobox', { name: 'Version' }).click();
  await look('task-archive');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Create the task' }).click();
  await page.getByRole('heading', { name: 'orders', level: 1 }).waitFor();
  const { job: stored } = await fleet.get('/tasks/orders');
  assert.deepEqual(stored, { archive: { name: 'load-orders' } });

  await page.getByRole('button', { name: 'Run now…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click();
  await until(
    'the run has succeeded',
    async () => (await fleet.get('/runs?task=orders')).items[0]?.state === 'succeeded',
    60_000,
  );
  const [{ id }] = (await fleet.get('/runs?task=orders')).items;
  await visitor.go(`/runs/${id}`);
  await page.getByText('the first version').first().waitFor();
});

test('a file that is dropped is a further version, and a run that fails needs the version that it began with', async () => {
  await visitor.go('/settings/archives/load-orders');
  await page.getByRole('table', { name: 'Versions' }).waitFor();
  await drop('load-orders_2.0.tar.gz', aPackage('echo "the second version"; exit 3'));
  const form = page.getByRole('dialog', { name: 'Upload a version of load-orders' });
  await form.getByText('load-orders_2.0.tar.gz').waitFor();
  await look('archive-upload');
  await form.getByRole('button', { name: 'Upload' }).click();
  const table = page.getByRole('table', { name: 'Versions' });
  await table.getByRole('button', { name: 'More about version 2.0' }).waitFor();
  const { id } = await fleet.post('/tasks/orders/runs');
  await until('the run has failed', async () => (await fleet.get(`/runs/${id}`)).state === 'failed', 60_000);

  // What was uploaded elsewhere shows by itself, and leaves nothing of the second version but the failed run.
  await fleet.put('/archives/load-orders/versions/3.0', aPackage('echo "the third version"'));
  await table.getByRole('button', { name: 'More about version 3.0' }).waitFor();
  await page.getByRole('link', { name: id }).waitFor();
  await page.getByRole('link', { name: 'js-1' }).waitFor();
  await look('archive');
  await page.getByRole('button', { name: 'Delete version 2.0…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete version 2.0 of load-orders' });
  await dialog.getByText('A failed run could be taken up again only with it').waitFor();
  assert.ok(await dialog.getByRole('button', { name: 'Delete version 2.0' }).isDisabled());
  await look('archive-delete');
  await assert.rejects(
    fleet.request('DELETE', '/archives/load-orders/versions/2.0'),
    / 409: .*taken up again/,
  );
  await dialog.getByRole('checkbox', { name: /Delete it all the same/ }).click();
  await dialog.getByRole('button', { name: 'Delete version 2.0' }).click();
  await page.getByText('Version 2.0 of load-orders is deleted').waitFor();
  await table.getByRole('button', { name: 'More about version 2.0' }).waitFor({ state: 'detached' });
});

test('a version is downloaded as it was uploaded, and the archive is found by a part of its name', async () => {
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download version 3.0' }).click();
  assert.equal((await downloading).suggestedFilename(), 'load-orders-3.0.tar.gz');
  await visitor.go('/settings/archives');
  await page
    .getByRole('table', { name: 'Archives' })
    .getByRole('link', { name: 'orders', exact: true })
    .waitFor();
  await look('archives');
  await visitor.go('/');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Jump to' }).fill('load-ord');
  await page.getByRole('option', { name: /load-orders.*archive/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Archive load-orders', level: 1 }).waitFor();
});
