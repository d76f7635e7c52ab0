import { Code, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { Answer } from '../../../components/Answer';
import { Instant } from '../../../components/instants';
import { archiveNeeds } from '../../../data/archives';
import type { ArchiveVersion, Needs } from '../../../data/archives';
import { bytes } from '../../../data/sizes';
import classes from './Archives.module.css';
import { RunLinks } from './RunLinks';
import { ServerLinks } from './ServerLinks';

/** More about a version: what the package says of itself, what needs it and which job servers have it. */
export function VersionDetails({ version }: { version: ArchiveVersion }) {
  const needs = useQuery(archiveNeeds(version.archive, version.version));
  return (
    <div className={classes.details}>
      <dl className={classes.facts}>
        <Facts version={version} />
        <Answer query={needs} what="What needs the version">
          {(read) => <Needed needs={read} />}
        </Answer>
      </dl>
    </div>
  );
}

function Facts({ version }: { version: ArchiveVersion }) {
  const { command, context, contexts, format, sha256, talend, unpacked, uploadedAt } = version;
  return (
    <>
      <dt>Package</dt>
      <dd>
        {talend ? 'Talend' : 'plain'}, {format}, {bytes(unpacked)} unpacked
      </dd>
      <dt>Started by</dt>
      <dd>{command.length > 0 ? <Code>{command.join(' ')}</Code> : 'the command that the task says'}</dd>
      {talend && (
        <>
          <dt>Contexts</dt>
          <dd>
            {contexts.length > 0 ? contexts.join(', ') : 'none'}
            {context !== '' && `; ${context} unless the task names one`}
          </dd>
        </>
      )}
      <dt>Uploaded</dt>
      <dd>
        <Instant at={uploadedAt} />
      </dd>
      <dt>SHA-256</dt>
      <dd>
        <Code>{sha256}</Code>
      </dd>
    </>
  );
}

function Needed({ needs }: { needs: Needs }) {
  return (
    <>
      <dt>Runs that have not ended</dt>
      <dd>
        <RunLinks runs={needs.open} />
      </dd>
      <dt>Runs that could be taken up again</dt>
      <dd>
        <RunLinks runs={needs.recoverable} />
      </dd>
      <dt>On the disk of</dt>
      <dd>
        {needs.servers.length > 0 ? (
          <ServerLinks servers={needs.servers} />
        ) : (
          <Text size="sm" c="dimmed" component="span">
            no job server yet; each fetches it when it first runs it
          </Text>
        )}
      </dd>
    </>
  );
}
