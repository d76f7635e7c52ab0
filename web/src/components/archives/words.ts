import type { ArchiveVersion } from '../../data/archives';

/** Says in a few words what starts a package. */
export function startWords({ talend, job, command }: ArchiveVersion): string {
  if (talend) return `Talend job ${job}`;
  return command.length > 0 ? command.join(' ') : 'what the task says';
}
