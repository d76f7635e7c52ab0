import { ActionIcon, Anchor, Button, Group, List, Table, Text } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconPencil } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer } from '../../../components/Answer';
import { useOpened } from '../../../components/document/useDraft';
import { done } from '../../../components/notices';
import { Panel } from '../../../components/Page';
import { useAction } from '../../../components/useAction';
import { useFilter } from '../../../components/useFilter';
import {
  calendar as calendarQuery,
  calendarDays,
  calendarTriggers,
  createCalendar,
  deleteCalendar,
} from '../../../data/calendars';
import type { Calendar } from '../../../data/calendars';
import { useMay } from '../../../data/permissions';
import { DeleteButton } from '../DeleteButton';
import { SettingsPage } from '../SettingsPage';
import { CalendarDrawer } from './CalendarDrawer';
import { word } from './CalendarForm';
import { entryWords } from './entryWords';
import { yearFrom, yearWords } from './year';
import { YearView } from './YearView';

/** A calendar: the coming year by it, what it is made of and which triggers follow it. */
export function CalendarPage() {
  const { name = '' } = useParams({ strict: false });
  const query = useQuery(calendarQuery(name));
  const may = useMay();
  const [editing, setEditing] = useOpened<Calendar>(word);
  const calendar = query.data;
  return (
    <SettingsPage
      title={`Calendar ${name}`}
      about={calendar && about(calendar)}
      actions={
        calendar &&
        may('settings.edit') && (
          <>
            <Delete calendar={calendar} />
            <Button
              size="sm"
              leftSection={<IconPencil size={15} aria-hidden />}
              onClick={() => setEditing(calendar)}
            >
              Edit
            </Button>
          </>
        )
      }
    >
      <Answer query={query} what={`The calendar ${name}`}>
        {(read) => (
          <>
            <Year name={name} />
            <Entries calendar={read} />
            <Followers name={name} />
            <CalendarDrawer calendar={editing} close={() => setEditing(undefined)} />
          </>
        )}
      </Answer>
    </SettingsPage>
  );
}

function about({ description, mode, timezone }: Calendar): string {
  const due = mode === 'only' ? 'Triggers are due then alone' : 'Triggers are not due then';
  const zone = timezone === '' ? 'in the zone of each trigger' : `in the zone ${timezone}`;
  return [description, `${due}, ${zone}.`].filter((words) => words !== '').join(' · ');
}

function Delete({ calendar }: { calendar: Calendar }) {
  const navigate = useNavigate();
  const deleting = useAction(deleteCalendar, {
    failure: (name) => `${name} could not be deleted`,
    changes: [['calendars']],
    onDone: (_, name) => {
      done(`${name} is deleted`, () => createCalendar(calendar));
      void navigate({ to: '/settings/calendars' });
    },
  });
  return (
    <DeleteButton
      name={calendar.name}
      deleting={deleting.isPending}
      act={() => deleting.mutate(calendar.name)}
    />
  );
}

/** So far ahead a calendar can be looked at. */
const mostYears = 20;

function Year({ name }: { name: string }) {
  const [now] = useState(() => new Date());
  const [later, setLater] = useFilter('later', '0');
  const years = Math.min(mostYears, Math.max(0, Math.trunc(Number(later)) || 0));
  const year = yearFrom(now, years);
  const query = useQuery({
    ...calendarDays(name, year.from, year.to),
    placeholderData: keepPreviousData,
  });
  const turn = (by: number) => setLater(String(years + by));
  return (
    <Panel
      title={years === 0 ? 'The coming year' : yearWords(year)}
      actions={
        <Group gap={4}>
          <ActionIcon
            variant="default"
            aria-label="A year earlier"
            disabled={years === 0}
            onClick={() => turn(-1)}
          >
            <IconChevronLeft size={16} />
          </ActionIcon>
          <ActionIcon
            variant="default"
            aria-label="A year later"
            disabled={years === mostYears}
            onClick={() => turn(1)}
          >
            <IconChevronRight size={16} />
          </ActionIcon>
        </Group>
      }
    >
      <Answer query={query} what="The coming year" height="70vh">
        {(days) => <YearView days={days} />}
      </Answer>
    </Panel>
  );
}

function Entries({ calendar }: { calendar: Calendar }) {
  const events = calendar.icalendar.match(/^BEGIN:VEVENT/gm)?.length ?? 0;
  return (
    <Panel title="Days and hours" flush={calendar.entries.length > 0}>
      {calendar.entries.length > 0 && (
        <Table aria-label="Days and hours">
          <Table.Tbody>
            {calendar.entries.map((entry, n) => (
              <Table.Tr key={n}>
                <Table.Td w="35%">
                  <Text size="sm">{entry.name || '–'}</Text>
                </Table.Td>
                <Table.Td>
                  <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                    {entryWords(entry)}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {events > 0 && (
        <Text size="sm" p={calendar.entries.length > 0 ? 'sm' : 0}>
          An iCalendar file with {events} {events === 1 ? 'event' : 'events'}.
        </Text>
      )}
      {calendar.entries.length === 0 && calendar.icalendar === '' && (
        <Text size="sm" c="dimmed">
          It has none.
        </Text>
      )}
    </Panel>
  );
}

function Followers({ name }: { name: string }) {
  const query = useQuery(calendarTriggers(name));
  return (
    <Panel title="Triggers that follow it">
      <Answer query={query} what="The triggers">
        {(all) =>
          all.length === 0 ? (
            <Text size="sm" c="dimmed">
              None does yet. A trigger follows it with the line <code>calendar: {name}</code>.
            </Text>
          ) : (
            <List size="sm" listStyleType="none">
              {all.map((trigger) => (
                <List.Item key={`${trigger.task ?? ''}/${trigger.plan ?? ''}/${trigger.name}`}>
                  <Group gap={6}>
                    <Owner task={trigger.task} plan={trigger.plan} />
                    <span>{trigger.name}</span>
                  </Group>
                </List.Item>
              ))}
            </List>
          )
        }
      </Answer>
    </Panel>
  );
}

function Owner({ task, plan }: { task: string | null; plan: string | null }) {
  const [kind, name] = task === null ? ['plans', plan ?? ''] : ['tasks', task];
  return (
    <Anchor component={Link} to={`/${kind}/${encodeURIComponent(name)}`} size="sm">
      {name}
    </Anchor>
  );
}
