import { Anchor, Button, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';

import { Answer } from '../../../components/Answer';
import { useOpened } from '../../../components/document/useDraft';
import { calendars as calendarsQuery } from '../../../data/calendars';
import type { Calendar } from '../../../data/calendars';
import { useMay } from '../../../data/permissions';
import { Nothing } from '../Nothing';
import { SettingsPage } from '../SettingsPage';
import { CalendarDrawer } from './CalendarDrawer';
import { word } from './CalendarForm';
import { entryWords } from './entryWords';

/** All calendars, and the way to a new one. */
export function Calendars() {
  const query = useQuery(calendarsQuery);
  const may = useMay();
  const navigate = useNavigate();
  const [adding, setAdding] = useOpened<Calendar>(word);
  const create = may('settings.edit') && (
    <Button size="xs" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setAdding(null)}>
      New calendar
    </Button>
  );
  return (
    <SettingsPage
      title="Calendars"
      about="Days and hours at which the triggers that name the calendar are due, or are not."
      actions={create}
    >
      <Answer
        query={query}
        what="The calendars"
        empty={{
          when: (all) => all.length === 0,
          text: (
            <Nothing action={create}>
              There is no calendar yet. One of holidays and weekends, for example, keeps triggers from being
              due on them.
            </Nothing>
          ),
        }}
      >
        {(all) => <Rows calendars={all} />}
      </Answer>
      <CalendarDrawer
        calendar={adding}
        close={() => setAdding(undefined)}
        saved={({ name }) => void navigate({ to: `/settings/calendars/${encodeURIComponent(name)}` })}
      />
    </SettingsPage>
  );
}

/** How many entries are told; the rest is a number. */
const mostEntries = 3;

function Rows({ calendars }: { calendars: Calendar[] }) {
  return (
    <div className="panel" style={{ overflowX: 'auto' }}>
      <Table aria-label="Calendars" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Triggers are</Table.Th>
            <Table.Th>Days and hours</Table.Th>
            <Table.Th>Zone</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {calendars.map((calendar) => (
            <Table.Tr key={calendar.name}>
              <Table.Td>
                <Anchor
                  component={Link}
                  to={`/settings/calendars/${encodeURIComponent(calendar.name)}`}
                  fw={600}
                  size="sm"
                >
                  {calendar.name}
                </Anchor>
                <Text size="xs" c="dimmed" lineClamp={2}>
                  {calendar.description}
                </Text>
              </Table.Td>
              <Table.Td>
                <Text size="sm">{calendar.mode === 'only' ? 'due then alone' : 'not due then'}</Text>
              </Table.Td>
              <Table.Td miw={200}>
                <Text size="sm">{summary(calendar)}</Text>
              </Table.Td>
              <Table.Td>
                <Text size="sm">{calendar.timezone === '' ? 'of the trigger' : calendar.timezone}</Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function summary({ entries, icalendar }: Calendar): string {
  const words = entries.slice(0, mostEntries).map((entry) => entry.name || entryWords(entry));
  if (entries.length > mostEntries) words.push(`${entries.length - mostEntries} more`);
  if (icalendar !== '') words.push('an iCalendar file');
  return words.length === 0 ? 'none' : words.join('; ');
}
