import { expect, it } from 'vitest';

import { anArchiveVersion } from '../testing/samples';
import {
  archiveOf,
  archiveSummaryOf,
  archiveVersionOf,
  contentAddress,
  namesOf,
  needsOf,
  uploadFaults,
} from './archives';

it('reads a version, with what a Talend package says of itself', () => {
  const plain = archiveVersionOf(anArchiveVersion());
  expect(plain).toMatchObject({
    archive: 'load',
    version: '1.0',
    size: 2048,
    talend: false,
    command: ['bin/load'],
    job: '',
    files: 3,
    unpacked: 4096,
    uploadedAt: new Date('2026-01-31T09:05:00Z'),
    uploadedBy: 'ops',
  });
  const { manifest } = anArchiveVersion();
  const talend = archiveVersionOf(
    anArchiveVersion({
      manifest: {
        ...manifest,
        layout: 'talend',
        job: 'Load',
        job_version: '0.1',
        context: 'Default',
        contexts: ['Default', 'Prod'],
      },
    }),
  );
  expect(talend).toMatchObject({
    talend: true,
    job: 'Load 0.1',
    context: 'Default',
    contexts: ['Default', 'Prod'],
  });
});

it('reads an archive in the list, one with its versions, and what needs one', () => {
  const version = anArchiveVersion();
  expect(archiveSummaryOf({ name: 'load', versions: 2, latest: version, tasks: ['a'] })).toEqual({
    name: 'load',
    versions: 2,
    newest: archiveVersionOf(version),
    tasks: ['a'],
  });
  const uses = [{ task: 'a', version: 'latest' }];
  expect(archiveOf({ name: 'load', versions: [version], tasks: ['a'], uses })).toEqual({
    name: 'load',
    versions: [archiveVersionOf(version)],
    uses,
  });
  const some = { count: 12, newest: ['01B', '01A'] };
  const none = { count: 0, newest: [] };
  expect(needsOf({ tasks: ['a'], open_runs: none, recoverable_runs: some, servers: ['js-1'] })).toEqual({
    tasks: ['a'],
    open: none,
    recoverable: some,
    servers: ['js-1'],
  });
});

it('writes the address of a file with whatever its version is called', () => {
  const version = archiveVersionOf(anArchiveVersion({ version: '1.0+b' }));
  expect(contentAddress(version)).toBe('/api/v1/archives/load/versions/1.0%2Bb/content');
});

const file = (size: number) => Object.defineProperty(new File([], 'load.zip'), 'size', { value: size });

it.each([
  [{ name: 'load', version: '1.0', file: file(1) }, []],
  [{ name: 'Load', version: '1.0', file: file(1) }, ['name']],
  [{ name: '..', version: '1.0', file: file(1) }, ['name']],
  [{ name: 'load', version: 'latest', file: file(1) }, ['version']],
  [{ name: 'load', version: '1/0', file: file(1) }, ['version']],
  [{ name: '', version: '', file: null }, ['name', 'version', 'file']],
  [{ name: 'load', version: '1.0', file: file(0) }, ['file']],
  [{ name: 'load', version: '1.0', file: file(2 ** 30) }, []],
  [{ name: 'load', version: '1.0', file: file(2 ** 30 + 1) }, ['file']],
])('tells before an upload what would be refused of %o', (draft, fields) => {
  expect(Object.keys(uploadFaults(draft))).toEqual(fields);
});

it.each([
  ['load-orders_0.1.zip', 'load-orders', '0.1'],
  ['LoadOrders_0.1.zip', 'loadorders', '0.1'],
  ['load-v2026.11.1.tar.gz', 'load', '2026.11.1'],
  ['load.tgz', 'load', ''],
  ['My job (final).zip', 'my-job-final', ''],
])('guesses of %s the name %s and the version %s', (text, name, version) => {
  expect(namesOf(text)).toEqual({ name, version });
});
