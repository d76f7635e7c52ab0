import { Group, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Page } from '../../components/Page';
import { archives } from '../../data/archives';
import { calendars } from '../../data/calendars';
import { channels } from '../../data/channels';
import { concurrencyGroups } from '../../data/limits';
import { deliveries } from '../../data/notices';
import classes from './Settings.module.css';
import { subjects } from './subjects';

/** The way to all settings, with what there is of each. */
export function Settings() {
  const counts = useCounts();
  return (
    <Page title="Settings" about="What holds for all tasks and servers.">
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {subjects.map(({ name, to, icon: Icon, about }) => (
          <Link key={to} to={to} className={`panel ${classes.card}`}>
            <Group gap="xs" mb={4}>
              <Icon size={18} stroke={1.7} aria-hidden />
              <Text fw={600}>{name}</Text>
            </Group>
            <Text size="sm" c="dimmed">
              {about}
            </Text>
            {to in counts && (
              <Text size="sm" mt="xs" className="number">
                {counts[to] ?? '\u00a0'}
              </Text>
            )}
          </Link>
        ))}
      </SimpleGrid>
    </Page>
  );
}

/** Returns a few words on what there is, by the address of the page; undefined for what is not known yet. */
function useCounts(): Record<string, string | undefined> {
  const archive = useQuery(archives).data;
  const calendar = useQuery(calendars).data;
  const channel = useQuery(channels).data;
  const group = useQuery(concurrencyGroups).data;
  const dead = useQuery(deliveries({ channel: '', states: ['dead'], event: '' })).data;
  const told = channel && counted(channel.length, 'channel');
  return {
    '/settings/archives': archive && counted(archive.length, 'archive'),
    '/settings/calendars': calendar && counted(calendar.length, 'calendar'),
    '/settings/notifications':
      told &&
      (dead && dead.length > 0
        ? `${told} · ${counted(dead.length, 'dead delivery', 'dead deliveries')}`
        : told),
    '/settings/limits': group && counted(group.length, 'concurrency group'),
  };
}

/** Writes a number with its word, such as "no calendar", "1 calendar" or "2 calendars". */
export function counted(count: number, one: string, many = `${one}s`): string {
  if (count === 0) return `no ${one}`;
  return `${count} ${count === 1 ? one : many}`;
}
