import { Button, Group, Text } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';

import { ApiError } from '../../data/api';
import { done } from '../notices';
import { useAction } from '../useAction';
import type { JsonObject } from './document';
import classes from './Document.module.css';
import { Form } from './fields';
import type { Refused } from './fields';
import { LeaveGuard } from './LeaveGuard';
import { Newer, Refusal } from './Refusal';
import type { EditedDocument } from './useDocument';
import { Yaml } from './Yaml';

/** What is stored once a document is saved. */
interface Saved {
  name: string;
  version: number;
  spec: unknown;
}

interface Props<T extends Saved> {
  document: EditedDocument;
  readOnly: boolean;
  /** Stores the document: a new one, or what differs from its base, under the base's version. */
  save: (document: EditedDocument) => Promise<T>;
  /** Keys of the queries that a save changes. */
  changes: string[][];
  onSaved: (saved: T) => void;
  /** Shows where a field is that was refused, if it can. */
  point?: (field: string, refused: Refused) => (() => void) | null;
  /** False gives the whole width to the form. */
  withYaml?: boolean;
  /** The form, whose fields are those of fields.tsx. */
  children: ReactNode;
}

/** A document as a form, and beside it as YAML: the same object. What the conductor refuses stands at its field and its line. */
export function DocumentEditor<T extends Saved>({
  document,
  readOnly,
  save,
  changes,
  onSaved,
  point,
  withYaml = true,
  children,
}: Props<T>) {
  const [refused, setRefused] = useState<Refused | null>(null);
  const errors = useMemo(
    () => new Map(refused?.error.fields.map(({ field, reason }) => [field, reason]) ?? []),
    [refused],
  );
  const { noun } = document.kind;
  const isNew = document.base.version === null;
  // Read when one leaves: what is being left for because it was saved has nothing to lose.
  const holds = useRef(false);
  holds.current = !readOnly && document.changed;
  const action = useAction(() => save(document), {
    failure: null,
    changes,
    onDone: (saved) => {
      holds.current = false;
      setRefused(null);
      document.saved({ spec: saved.spec as JsonObject, version: saved.version });
      done(`${saved.name} is saved`);
      onSaved(saved);
    },
  });
  const submit = () => {
    const { spec, base } = document;
    action.mutate(undefined, {
      onError: (error) => {
        const told = error instanceof ApiError ? error : new ApiError(0, error.message);
        setRefused({ spec, version: base.version, error: told });
      },
    });
  };
  // Once the newer version is here, one chooses what becomes of one's changes.
  const settled =
    refused?.error.status === 412 && (document.newer !== null || document.base.version !== refused.version);
  return (
    <Form value={{ spec: document.spec, setAt: document.setAt, errors, refused, readOnly }}>
      <LeaveGuard holds={() => holds.current} noun={noun} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Newer document={document} />
        {refused && !settled && <Refusal refused={refused} document={document} point={point} />}
        <div className={classes.editor} data-alone={!withYaml || undefined}>
          {children}
          {withYaml && <Yaml document={document} readOnly={readOnly} />}
        </div>
        {!readOnly && (
          <div className={classes.save}>
            <Text size="sm" c="dimmed">
              {wordsOf(document)}
            </Text>
            <Group gap="xs">
              {document.undo && (
                <Button
                  variant="default"
                  leftSection={<IconArrowBackUp size={15} aria-hidden />}
                  onClick={document.undo}
                >
                  Undo
                </Button>
              )}
              {!isNew && document.changed && (
                <Button variant="default" onClick={document.discard}>
                  Discard the changes
                </Button>
              )}
              <Button
                type="submit"
                loading={action.isPending}
                disabled={
                  (!isNew && !document.changed) || document.faults.length > 0 || document.newer !== null
                }
              >
                {isNew ? `Create the ${noun}` : 'Save'}
              </Button>
            </Group>
          </div>
        )}
      </form>
    </Form>
  );
}

function wordsOf({ base, changed, faults, newer }: EditedDocument): string {
  if (faults.length > 0) return 'The YAML cannot be read.';
  if (newer) return 'Choose first what becomes of your changes.';
  if (base.version === null) return '';
  return changed ? 'Changed. Runs that were asked for already keep what they have.' : 'As it is stored.';
}
