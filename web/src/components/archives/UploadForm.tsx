import { Alert, Autocomplete, Button, Group, Progress, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { ApiError, messageOf } from '../../data/api';
import {
  archive as archiveQuery,
  archives as archivesQuery,
  namesOf,
  uploadArchive,
  uploadFaults,
} from '../../data/archives';
import type { ArchiveVersion } from '../../data/archives';
import { bytes } from '../../data/sizes';
import { done } from '../notices';
import { useAction } from '../useAction';
import type { Dropped } from './dropped';
import { FileField } from './FileField';
import type { UploadStart } from './UploadDialog';

interface UploadFormProps {
  start: UploadStart;
  close: () => void;
  setBusy: (busy: boolean) => void;
  uploaded: (stored: ArchiveVersion) => void;
}

interface Draft {
  name: string;
  version: string;
  file: File | null;
  /** Why what was dropped is no file that can be taken. */
  dropped: string;
}

/** Takes in a file; what it is called says how the archive and the version may be called, where that is not known. */
function withFile(draft: Draft, { file, fault }: Dropped): Draft {
  if (!file) return { ...draft, file: null, dropped: fault };
  const guess = namesOf(file.name);
  return {
    name: draft.name || guess.name,
    version: draft.version || guess.version,
    file,
    dropped: '',
  };
}

/** Asks for a file, the archive and the version, says before and after what is wrong with them, and sends the file. */
export function UploadForm({ start, close, setBusy, uploaded }: UploadFormProps) {
  const [draft, setDraft] = useState<Draft>(() => {
    const empty = { name: start.name ?? '', version: '', file: null, dropped: '' };
    return start.dropped ? withFile(empty, start.dropped) : empty;
  });
  const [tried, setTried] = useState(false);
  const { sending, sent, stop } = useUpload(setBusy, uploaded);
  const own = uploadFaults(draft);
  const change = (fields: Partial<Draft>) => setDraft((before) => ({ ...before, ...fields }));
  const wrong = faultsOf(sending.error);
  const faultOf = (field: 'name' | 'version') => (tried ? own[field] : undefined) ?? wrong[field];
  const names = (useQuery(archivesQuery).data ?? []).map(({ name }) => name);

  if (sending.isPending) {
    return <UnderWay file={draft.file} sent={sent} stop={stop} />;
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        // It may stand in another form, which is not meant.
        event.stopPropagation();
        setTried(true);
        const { name, version, file } = draft;
        if (file && Object.keys(own).length === 0) sending.mutate({ name, version, file });
      }}
    >
      <Stack gap="sm">
        <FileField
          file={draft.file}
          error={draft.dropped || (tried ? own.file : undefined) || wrong.content}
          take={(dropped) => setDraft((before) => withFile(before, dropped))}
        />
        {start.name === undefined && (
          <Autocomplete
            label="Archive"
            description="A new one, or one that there is: then it gets a further version. 1 to 63 of a-z 0-9 - _ ."
            data={names}
            limit={50}
            required
            value={draft.name}
            error={faultOf('name')}
            onChange={(name) => change({ name })}
          />
        )}
        <TextInput
          label="Version"
          description="Such as 1.4.2. What a version holds never changes; the one that is uploaded last is the latest."
          required
          value={draft.version}
          error={faultOf('version')}
          onChange={(event) => change({ version: event.currentTarget.value })}
        />
        <SameVersion name={draft.name} version={draft.version} known={names.includes(draft.name)} />
        {wrong.rest !== '' && (
          <Alert color="red" title="It could not be uploaded">
            {wrong.rest}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs" mt="sm">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit">Upload</Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Sends a file, tells how far that is, and stops it where the form goes away. */
function useUpload(setBusy: (busy: boolean) => void, uploaded: (stored: ArchiveVersion) => void) {
  const [sent, setSent] = useState(0);
  const ending = useRef<AbortController>(null);
  const stop = () => ending.current?.abort();
  useEffect(() => {
    return () => {
      ending.current?.abort();
      setBusy(false);
    };
  }, [setBusy]);
  const sending = useAction(
    async (upload: Parameters<typeof uploadArchive>[0]) => {
      setSent(0);
      setBusy(true);
      ending.current = new AbortController();
      return uploadArchive(upload, setSent, ending.current.signal).finally(() => setBusy(false));
    },
    {
      failure: null,
      changes: [['archives'], ['archive']],
      onDone: ({ stored, created }) => {
        const what = `Version ${stored.version} of ${stored.archive}`;
        done(created ? `${what} is uploaded` : `${what} is there already with this content`);
        uploaded(stored);
      },
    },
  );
  return { sending, sent, stop };
}

interface Wrong {
  name?: string | undefined;
  version?: string | undefined;
  content?: string | undefined;
  rest: string;
}

/** Shares out what the conductor found wrong: at the fields, or with the whole. */
function faultsOf(error: unknown): Wrong {
  if (error === null || (error instanceof DOMException && error.name === 'AbortError')) return { rest: '' };
  const fields = error instanceof ApiError ? error.fields : [];
  const at = (name: string) => fields.find(({ field }) => field === name)?.reason;
  const others = fields.filter(({ field }) => !['name', 'version', 'content'].includes(field));
  const rest =
    fields.length === 0
      ? messageOf(error)
      : others.map(({ field, reason }) => `${field} ${reason}`).join('; ');
  return { name: at('name'), version: at('version'), content: at('content'), rest };
}

function UnderWay({ file, sent, stop }: { file: File | null; sent: number; stop: () => void }) {
  const size = file?.size ?? 0;
  const share = size === 0 ? 0 : Math.min(1, sent / size);
  return (
    <Stack gap="xs">
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {file?.name}
      </Text>
      <Progress value={100 * share} aria-label="How much is sent" />
      <Text size="sm" c="dimmed" className="number">
        {share < 1
          ? `${bytes(sent)} of ${bytes(size)} are sent, ${Math.floor(100 * share)} %`
          : 'All is sent. The conductor looks through it before it takes it.'}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={stop} data-autofocus>
          Stop
        </Button>
      </Group>
    </Stack>
  );
}

/** Says before the upload that the version is there already. */
function SameVersion({ name, version, known }: { name: string; version: string; known: boolean }) {
  const there = useQuery({ ...archiveQuery(name), enabled: known }).data;
  if (!there?.versions.some((stored) => stored.version === version)) return null;
  return (
    <Alert color="yellow" p="xs">
      There is a version {version} of {name} already. Only the same content is taken; other content needs
      another name.
    </Alert>
  );
}
