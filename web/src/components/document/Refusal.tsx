import { Alert, Anchor, Button, Group, Text } from '@mantine/core';
import { IconAlertCircle, IconUsers } from '@tabler/icons-react';

import { pathOf } from './document';
import classes from './Document.module.css';
import { changedByBoth } from './documentState';
import type { Refused } from './fields';
import type { EditedDocument } from './useDocument';

interface Props {
  refused: Refused;
  document: EditedDocument;
  /** Shows where a field is, if it can. */
  point?: ((field: string, refused: Refused) => (() => void) | null) | undefined;
}

/** What was refused, each with the line of the YAML in which it stands. */
export function Refusal({ refused, document, point }: Props) {
  const { error } = refused;
  const stale = error.status === 412;
  return (
    <Alert
      color="red"
      icon={<IconAlertCircle />}
      title={stale ? 'It was changed meanwhile' : 'It was not saved'}
      mb="md"
    >
      {stale ? (
        `Somebody else has saved this ${document.kind.noun} since you opened it. What you changed is still here.`
      ) : error.fields.length === 0 ? (
        error.message
      ) : (
        <ul className={classes.refused}>
          {error.fields.map(({ field, reason }) => {
            const line = document.lineOf(pathOf(field));
            const show = point?.(field, refused);
            return (
              <li key={`${field} ${reason}`}>
                <strong>{field}</strong> {reason}
                {line !== null && <span className={classes.line}> (line {line})</span>}
                {show && (
                  <>
                    {' '}
                    <Anchor component="button" type="button" size="sm" onClick={show}>
                      Show
                    </Anchor>
                  </>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Alert>
  );
}

/** Says that somebody else has stored another version meanwhile, and lets one choose what becomes of one's own. */
export function Newer({ document }: { document: EditedDocument }) {
  const { newer, kind } = document;
  if (!newer) return null;
  const both = changedByBoth(document);
  return (
    <Alert color="yellow" icon={<IconUsers />} title={`This ${kind.noun} was changed meanwhile`} mb="md">
      <Text size="sm" mb="xs">
        Somebody else has saved it{newer.version !== null && ` (version ${newer.version})`}. What you changed
        is still here.{' '}
        {both.length > 0
          ? `Both of you changed ${both.join(', ')}: kept on theirs, yours counts there.`
          : 'You changed different things: both can be kept.'}
      </Text>
      <Group gap="xs">
        <Button size="xs" onClick={document.rebase}>
          Keep mine on theirs
        </Button>
        <Button size="xs" variant="default" onClick={document.takeNewer}>
          Take theirs
        </Button>
      </Group>
    </Alert>
  );
}
