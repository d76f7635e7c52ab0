import { Anchor, Code, Group, Table, Text } from '@mantine/core';
import { IconBan, IconCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';

import { Instant } from '../../../components/instants';
import { actWords, pageOf } from '../../../data/audit';
import type { Deed } from '../../../data/audit';
import classes from './Audit.module.css';

interface DeedRowProps {
  deed: Deed;
  /** Whether it is the first of the list: Tab stops at its time, and arrows go on from there. */
  first: boolean;
}

/** One thing that somebody did, or wanted to do. */
export function DeedRow({ deed, first }: DeedRowProps) {
  return (
    <Table.Tr>
      <Table.Td className={classes.when}>
        <Text size="sm" component="span">
          <Instant at={deed.at} row={!first} />
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{deed.by}</Text>
        <Text size="xs" c="dimmed" className="number">
          {deed.from}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm" title={deed.act}>
          {actWords(deed.act)}
        </Text>
      </Table.Td>
      <Table.Td>
        <Subject subject={deed.subject} />
      </Table.Td>
      <Table.Td className={classes.reason}>
        {deed.reason !== '' && <Text size="sm">{deed.reason}</Text>}
      </Table.Td>
      <Table.Td className={classes.outcome}>
        <Outcome refusal={deed.refusal} />
        {deed.request !== '' && <Request text={deed.request} />}
      </Table.Td>
    </Table.Tr>
  );
}

/** Leads to what something was done to. What was removed since has no page any more, which that page says. */
function Subject({ subject }: { subject: string }) {
  const page = pageOf(subject);
  if (page === null) return <Text size="sm">{subject}</Text>;
  return (
    <Anchor component={Link} to={page} size="sm">
      {subject}
    </Anchor>
  );
}

function Outcome({ refusal }: { refusal: string | null }) {
  return (
    <Group gap={6} wrap="nowrap" align="flex-start">
      {refusal === null ? (
        <IconCheck size={16} color="var(--tone-ok)" aria-hidden style={{ flex: 'none', marginTop: 2 }} />
      ) : (
        <IconBan size={16} color="var(--tone-bad)" aria-hidden style={{ flex: 'none', marginTop: 2 }} />
      )}
      <Text size="sm">{refusal === null ? 'done' : `refused: ${refusal}`}</Text>
    </Group>
  );
}

function Request({ text }: { text: string }) {
  return (
    <details>
      <Text component="summary" size="xs" c="dimmed" style={{ cursor: 'pointer' }}>
        what was asked for
      </Text>
      <Code block>{text}</Code>
    </details>
  );
}
