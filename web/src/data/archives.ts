// Archives: packages of jobs, in versions whose content never changes.

import { queryOptions } from '@tanstack/react-query';

import { get, getAll, part, send, sendFile } from './api';
import type {
  WireArchiveDetail,
  WireArchiveNeeds,
  WireArchiveRuns,
  WireArchiveSummary,
  WireArchiveVersion,
} from './wire';

/** Stands for the version that was uploaded last. */
export const latest = 'latest';

export interface ArchiveVersion {
  archive: string;
  version: string;
  /** Of the file as it was uploaded, in bytes. */
  size: number;
  sha256: string;
  format: 'zip' | 'tar.gz';
  talend: boolean;
  /** What starts it, with arguments; empty where the task has to say so. */
  command: string[];
  /** Of a Talend package: its job with its version, else empty. */
  job: string;
  /** Of a Talend package: the context that is used unless the task names one, and those that it holds. */
  context: string;
  contexts: string[];
  files: number;
  /** How many bytes its files have together. */
  unpacked: number;
  uploadedAt: Date;
  uploadedBy: string;
}

export interface ArchiveSummary {
  name: string;
  versions: number;
  newest: ArchiveVersion;
  /** The tasks that run it, in any version. */
  tasks: string[];
}

export interface Archive {
  name: string;
  /** The newest first. */
  versions: ArchiveVersion[];
  /** The tasks that run it, each with the version that it names. */
  uses: { task: string; version: string }[];
}

/** Some runs: how many, and the newest of them. */
export interface SomeRuns {
  count: number;
  newest: string[];
}

/** What a version is needed for, and where it is besides at the conductor. */
export interface Needs {
  /** The tasks that would be without an archive: it cannot be deleted while there are some. */
  tasks: string[];
  /** The runs that have not ended: it cannot be deleted while there are some. */
  open: SomeRuns;
  /** The runs that could be taken up again only with it. */
  recoverable: SomeRuns;
  servers: string[];
}

export function archiveVersionOf(wire: WireArchiveVersion): ArchiveVersion {
  const { manifest } = wire;
  return {
    archive: wire.archive,
    version: wire.version,
    size: wire.size,
    sha256: wire.sha256,
    format: manifest.format,
    talend: manifest.layout === 'talend',
    command: manifest.command,
    job: [manifest.job ?? '', manifest.job_version ?? ''].join(' ').trim(),
    context: manifest.context ?? '',
    contexts: manifest.contexts,
    files: manifest.files,
    unpacked: manifest.unpacked,
    uploadedAt: new Date(wire.uploaded_at),
    uploadedBy: wire.uploaded_by,
  };
}

export function archiveSummaryOf(wire: WireArchiveSummary): ArchiveSummary {
  const { name, versions, tasks } = wire;
  return { name, versions, tasks, newest: archiveVersionOf(wire.latest) };
}

export function archiveOf(wire: WireArchiveDetail): Archive {
  return { name: wire.name, versions: wire.versions.map(archiveVersionOf), uses: wire.uses };
}

export function needsOf(wire: WireArchiveNeeds): Needs {
  const runs = ({ count, newest }: WireArchiveRuns): SomeRuns => ({ count, newest });
  return {
    tasks: wire.tasks,
    open: runs(wire.open_runs),
    recoverable: runs(wire.recoverable_runs),
    servers: wire.servers,
  };
}

export const archives = queryOptions({
  queryKey: ['archives'],
  queryFn: async ({ signal }) =>
    (await getAll<WireArchiveSummary>('/archives', signal)).map(archiveSummaryOf),
});

export const archive = (name: string) =>
  queryOptions({
    queryKey: ['archive', name],
    queryFn: async ({ signal }) => archiveOf(await get<WireArchiveDetail>(`/archives/${part(name)}`, signal)),
  });

const pathOf = (name: string, version: string) => `/archives/${part(name)}/versions/${part(version)}`;

/** What a version is needed for. Runs that end make no event of the archive, so that it is asked for anew. */
export const archiveNeeds = (name: string, version: string) =>
  queryOptions({
    // It is not asked for again with the archive: a version that was deleted needs nothing.
    queryKey: ['archive-needs', name, version],
    queryFn: async ({ signal }) =>
      needsOf(await get<WireArchiveNeeds>(`${pathOf(name, version)}/needs`, signal)),
    refetchInterval: 5_000,
  });

/** The address of the file of a version, as it was uploaded. */
export function contentAddress({ archive: name, version }: ArchiveVersion): string {
  return `/api/v1${pathOf(name, version)}/content`;
}

export async function deleteArchiveVersion(name: string, version: string, force: boolean): Promise<void> {
  await send('DELETE', `${pathOf(name, version)}${force ? '?force=true' : ''}`);
}

export interface Upload {
  name: string;
  version: string;
  file: File;
}

/** Uploads a version. It is not created where it is there already with the same content. */
export async function uploadArchive(
  { name, version, file }: Upload,
  progress: (sent: number) => void,
  signal: AbortSignal,
): Promise<{ stored: ArchiveVersion; created: boolean }> {
  const answer = await sendFile(pathOf(name, version), file, { progress, signal });
  return { stored: archiveVersionOf(answer.body as WireArchiveVersion), created: answer.status === 201 };
}

/** What the conductor takes of a package. */
export const archiveLimits = { file: 2 ** 30, unpacked: 4 * 2 ** 30, entries: 100_000 };

/** Says what is wrong with an upload before it is sent, by its fields; nothing where nothing is. */
export function uploadFaults(draft: { name: string; version: string; file: File | null }) {
  const { name, version, file } = draft;
  const faults: { name?: string; version?: string; file?: string } = {};
  if (!/^[a-z0-9._-]{1,63}$/.test(name) || /^\.{1,2}$/.test(name)) {
    faults.name = 'must be 1 to 63 of a-z 0-9 - _ . and not "." or ".."';
  }
  if (version === latest) {
    faults.version = 'must not be "latest", which stands for the version that was uploaded last';
  } else if (!/^[A-Za-z0-9._+-]{1,63}$/.test(version) || /^\.{1,2}$/.test(version)) {
    faults.version = 'must be 1 to 63 letters, digits and - _ . +, such as 1.4.2';
  }
  if (!file) faults.file = 'must be chosen';
  else if (file.size === 0) faults.file = `must not be empty, as ${file.name} is`;
  else if (file.size > archiveLimits.file) faults.file = `must have at most 1 GiB; ${file.name} has more`;
  return faults;
}

/** Guesses from the name of a file how its archive and the version may be called, such as load-orders_0.1.zip. */
export function namesOf(file: string): { name: string; version: string } {
  const plain = file.replace(/\.(tar\.gz|tgz|zip)$/i, '');
  const [, before = plain, version = ''] = /^(.+?)[-_ ]v?(\d[\w.+-]*)$/i.exec(plain) ?? [];
  const name = before
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return { name: name.slice(0, 63), version: version.slice(0, 63) };
}
