import {
  ActionIcon,
  Alert,
  Anchor,
  AppShell,
  Badge,
  Group,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { IconLogout, IconMoon, IconPlugConnectedX, IconSun } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet } from '@tanstack/react-router';

import { signOut } from '../data/api';
import { useLive } from '../data/live';
import { session } from '../data/queries';

/** The frame of every page: name, connection, colour scheme and the way out. */
export function Shell() {
  const connected = useLive();
  return (
    <AppShell header={{ height: 52 }} padding="md">
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between">
          <Anchor component={Link} to="/" underline="never" c="inherit">
            <Group gap="xs">
              <img src="/icon.svg" width={24} height={24} alt="" />
              <Text fw={600}>Segno</Text>
            </Group>
          </Anchor>
          <Group gap="xs">
            <Connection connected={connected} />
            <SchemeButton />
            <SignOutButton />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Main>
        {connected === false && (
          <Alert color="yellow" icon={<IconPlugConnectedX />} title="Connection lost" mb="md">
            The conductor does not answer. What is shown is as it was; it becomes fresh by itself once the
            conductor answers again.
          </Alert>
        )}
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

function Connection({ connected }: { connected: boolean | null }) {
  const [color, word] =
    connected === null
      ? ['gray', 'connecting']
      : connected
        ? ['teal', 'live']
        : ['yellow', 'connection lost'];
  return (
    <Badge variant="dot" color={color} tt="none" role="status">
      {word}
    </Badge>
  );
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'light' ? 'dark' : 'light';
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={`Use ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      {other === 'dark' ? <IconMoon size={18} /> : <IconSun size={18} />}
    </ActionIcon>
  );
}

function SignOutButton() {
  const queries = useQueryClient();
  const leave = async () => {
    await signOut();
    queries.clear();
    await queries.resetQueries({ queryKey: session.queryKey });
  };
  return (
    <ActionIcon variant="subtle" color="gray" aria-label="Sign out" onClick={() => void leave()}>
      <IconLogout size={18} />
    </ActionIcon>
  );
}
