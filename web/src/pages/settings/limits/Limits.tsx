import { Anchor, Button, Group, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Answer } from '../../../components/Answer';
import { SideDialog } from '../../../components/Dialog';
import { useOpened } from '../../../components/document/useDraft';
import { Meter } from '../../../components/Meter';
import { concurrencyGroups } from '../../../data/limits';
import type { ConcurrencyGroup } from '../../../data/limits';
import { useMay } from '../../../data/permissions';
import { Nothing } from '../Nothing';
import { SettingsPage } from '../SettingsPage';
import { GroupForm, word } from './GroupForm';

/** The concurrency groups, and how many runs count in each now. */
export function Limits() {
  const query = useQuery(concurrencyGroups);
  const may = useMay();
  // The group that is edited, null for a new one; undefined for none.
  const [edited, setEdited] = useOpened<ConcurrencyGroup>(word);
  const create = may('settings.edit') && (
    <Button size="xs" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setEdited(null)}>
      New group
    </Button>
  );
  return (
    <SettingsPage
      title="Limits"
      about="A concurrency group bounds how many runs of the tasks that name it are active at once. A run that finds no room waits and says so."
      actions={create}
    >
      <Answer
        query={query}
        what="The concurrency groups"
        empty={{
          when: (all) => all.length === 0,
          text: (
            <Nothing action={create}>
              There is no concurrency group yet. One for a database, for example, lets one load at a time at
              it, whichever task it belongs to.
            </Nothing>
          ),
        }}
      >
        {(all) => <Groups groups={all} edit={setEdited} />}
      </Answer>
      <SideDialog
        opened={edited !== undefined}
        onClose={() => setEdited(undefined)}
        position="right"
        title={edited ? `Concurrency group ${edited.name}` : 'New concurrency group'}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {edited !== undefined && (
          <GroupForm key={edited?.name ?? ''} group={edited} close={() => setEdited(undefined)} />
        )}
      </SideDialog>
    </SettingsPage>
  );
}

function Groups({ groups, edit }: { groups: ConcurrencyGroup[]; edit: (group: ConcurrencyGroup) => void }) {
  const may = useMay();
  return (
    <div className="panel" style={{ overflowX: 'auto' }}>
      <Table aria-label="Concurrency groups" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Active now</Table.Th>
            <Table.Th>Tasks</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {groups.map((group) => (
            <Table.Tr key={group.name}>
              <Table.Td>
                <Text size="sm" fw={600}>
                  {group.name}
                </Text>
                <Text size="xs" c="dimmed" lineClamp={2}>
                  {group.description}
                </Text>
              </Table.Td>
              <Table.Td>
                <Meter
                  value={Math.min(1, group.active / group.maxConcurrent)}
                  label={`${group.active} of ${group.maxConcurrent}`}
                  title={`${group.active} of ${group.maxConcurrent} runs active in ${group.name}`}
                />
              </Table.Td>
              <Table.Td>
                <TaskLinks names={group.tasks} />
              </Table.Td>
              <Table.Td ta="right">
                {may('settings.edit') && (
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    aria-label={`Edit ${group.name}`}
                    onClick={() => edit(group)}
                  >
                    Edit
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

/** How many tasks are named; the rest is a number. */
const mostTasks = 8;

function TaskLinks({ names }: { names: readonly string[] }) {
  if (names.length === 0)
    return (
      <Text size="sm" c="dimmed">
        no task names it
      </Text>
    );
  return (
    <Group gap={8}>
      {names.slice(0, mostTasks).map((name) => (
        <Anchor key={name} component={Link} to={`/tasks/${encodeURIComponent(name)}`} size="sm">
          {name}
        </Anchor>
      ))}
      {names.length > mostTasks && (
        <Text size="sm" c="dimmed">
          and {names.length - mostTasks} more
        </Text>
      )}
    </Group>
  );
}
