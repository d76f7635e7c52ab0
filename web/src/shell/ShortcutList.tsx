import { Group, Kbd, Stack, Table, Text, Title } from '@mantine/core';

import { Dialog } from '../components/Dialog';
import { places } from './places';

/** What the keys do that are heard by a page, apart from those of the whole console. */
const pageShortcuts: { page: string; keys: string[]; what: string }[] = [
  { page: 'Virtual servers', keys: ['Space'], what: 'Lift the server in focus, and drop it' },
  { page: 'Virtual servers', keys: ['↑', '↓', '←', '→'], what: 'Choose where to drop it' },
  { page: 'Virtual servers', keys: ['Esc'], what: 'Return it to where it was' },
  { page: 'Output of a run', keys: ['Enter'], what: 'From the field to find in: to the next match' },
  { page: 'Output of a run', keys: ['Shift', 'Enter'], what: 'To the match before' },
  { page: 'Output of a run', keys: ['Esc'], what: 'Look for nothing' },
  { page: 'Timeline', keys: ['↑', '↓', '←', '→'], what: 'From bar to bar' },
  { page: 'Timeline', keys: ['Enter'], what: 'Open the run' },
  { page: 'Timeline', keys: ['+', '−'], what: 'Zoom in and out' },
  { page: 'Editor of a plan', keys: ['↑', '↓', '←', '→'], what: 'To what is beside' },
  { page: 'Editor of a plan', keys: ['Shift', 'arrow'], what: 'Move the node or the group' },
  { page: 'Editor of a plan', keys: ['c'], what: 'Connect it with another' },
  { page: 'Editor of a plan', keys: ['Delete'], what: 'Remove it' },
  { page: 'Year of a calendar', keys: ['↑', '↓', '←', '→'], what: 'From day to day' },
];

const general = [
  { keys: ['Ctrl', 'K'], what: 'Jump to a page, a server, a task, a run, a plan …' },
  { keys: ['/'], what: 'The same' },
  { keys: ['?'], what: 'This list' },
];

/** Lists all shortcuts. */
export function ShortcutList({ opened, close }: { opened: boolean; close: () => void }) {
  const pages = [...new Set(pageShortcuts.map(({ page }) => page))];
  return (
    <Dialog opened={opened} onClose={close} title="Shortcuts" size="lg">
      <Stack>
        <Keys rows={general} name="Everywhere" />
        <Keys rows={places.map(({ name, key }) => ({ keys: ['g', key], what: name }))} name="Go to" />
        {pages.map((name) => (
          <Keys key={name} rows={pageShortcuts.filter(({ page }) => page === name)} name={name} />
        ))}
      </Stack>
    </Dialog>
  );
}

function Keys({ rows, name }: { rows: { keys: string[]; what: string }[]; name: string }) {
  return (
    <section>
      <Title order={3} size="h6" mb={4}>
        {name}
      </Title>
      <Table aria-label={name} withRowBorders={false} verticalSpacing={3}>
        <Table.Tbody>
          {rows.map(({ keys, what }) => (
            <Table.Tr key={keys.join()}>
              <Table.Td w={150}>
                <Group gap={4}>
                  {keys.map((key) => (
                    <Kbd key={key}>{key}</Kbd>
                  ))}
                </Group>
              </Table.Td>
              <Table.Td>
                <Text size="sm">{what}</Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
