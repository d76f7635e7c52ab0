import { Anchor, Button, Group, Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useContext, useState } from 'react';

import { UploadDialog } from '../../components/archives/UploadDialog';
import type { UploadStart } from '../../components/archives/UploadDialog';
import { startWords } from '../../components/archives/words';
import { at } from '../../components/document/document';
import { ChoiceField, Form, LinesField } from '../../components/document/fields';
import { SuggestField } from '../../components/document/SuggestField';
import { agoText } from '../../components/instants';
import { archive as archiveQuery, archives as archivesQuery, latest } from '../../data/archives';
import type { Archive, ArchiveVersion } from '../../data/archives';
import { useMay } from '../../data/permissions';

const path = ['job', 'archive'];

/** Which archive a task runs, in which version, and how it is started. */
export function ArchiveFields() {
  const { spec } = useContext(Form);
  const list = useQuery(archivesQuery);
  const written = at(spec, [...path, 'name']);
  const name = typeof written === 'string' ? written : '';
  const stored = useQuery({ ...archiveQuery(name), enabled: name !== '' }).data;
  const chosen = stored && versionOf(stored, at(spec, [...path, 'version']));
  const none = list.data?.length === 0;
  return (
    <>
      <ChoiceField
        path={[...path, 'name']}
        label="Archive"
        placeholder={list.isPending ? 'loading…' : none ? 'there is none yet' : 'choose one'}
        hint={list.isError ? `The archives could not be read: ${list.error.message}` : undefined}
        options={(list.data ?? []).map((archive) => archive.name)}
        required
      />
      <Ways name={name} known={stored !== undefined} />
      <ChoiceField
        path={[...path, 'version']}
        label="Version"
        hint="The latest is the one that was uploaded last when a run is requested; a run keeps the version that it began with."
        options={versionOptions(stored)}
        otherwise={latest}
      />
      {(chosen?.talend !== false || at(spec, [...path, 'context']) !== undefined) && (
        <SuggestField
          path={[...path, 'context']}
          label="Context"
          hint={`Of a Talend job; by default ${chosen?.context ? `${chosen.context}, which the archive names` : 'the one that the archive names'}.`}
          options={chosen?.contexts ?? []}
        />
      )}
      <LinesField
        path={[...path, 'command']}
        label="Command"
        hint={`One argument a line: a file of the archive or a program. ${startHint(chosen)}`}
      />
      <LinesField
        path={[...path, 'args']}
        label="Arguments"
        hint="One a line, after what the archive itself names."
      />
    </>
  );
}

/** Returns the version that a run would have now; undefined where there is none. */
function versionOf(archive: Archive, written: unknown): ArchiveVersion | undefined {
  if (written === undefined || written === '' || written === latest) return archive.versions[0];
  return archive.versions.find(({ version }) => version === written);
}

function versionOptions(archive: Archive | undefined) {
  const [newest] = archive?.versions ?? [];
  return [
    { value: latest, label: newest ? `latest, ${newest.version} now` : latest },
    ...(archive?.versions ?? []).map(({ version, uploadedAt }) => ({
      value: version,
      label: `${version}, uploaded ${agoText(Date.now() - uploadedAt.getTime())}`,
    })),
  ];
}

function startHint(version: ArchiveVersion | undefined): string {
  if (!version) return 'By default what the archive itself names.';
  if (version.command.length === 0) return 'This version does not say what starts it, so that one is needed.';
  return `By default what this version names: ${startWords(version)}.`;
}

/** Leads to the archive, and uploads one without leaving the form. */
function Ways({ name, known }: { name: string; known: boolean }) {
  const { setAt, readOnly } = useContext(Form);
  const may = useMay();
  const [start, setStart] = useState<UploadStart | null>(null);
  return (
    <Group gap="md">
      {known && (
        <Anchor component={Link} to={`/settings/archives/${encodeURIComponent(name)}`} size="xs">
          Its versions, and what needs them
        </Anchor>
      )}
      {!readOnly && may('archive.upload') && (
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<IconUpload size={13} aria-hidden />}
          onClick={() => setStart(known ? { name } : {})}
        >
          {known ? 'Upload a version…' : 'Upload an archive…'}
        </Button>
      )}
      {!known && name !== '' && (
        <Text size="xs" c="dimmed">
          There is no archive {name} so far.
        </Text>
      )}
      <UploadDialog
        start={start}
        close={() => setStart(null)}
        uploaded={({ archive }) => setAt([...path, 'name'], archive)}
      />
    </Group>
  );
}
