import { ActionIcon, AppShell, Text, Tooltip } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import {
  IconLayoutSidebarLeftCollapse,
  IconLayoutSidebarLeftExpand,
  IconPlugConnectedX,
} from '@tabler/icons-react';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { Suspense } from 'react';

import { Loading } from '../components/Answer';
import { TimeTip } from '../components/TimeTip';
import { Connected, useConnected, useLive } from '../data/live';
import { JumpTo } from './JumpTo';
import { isAt, places } from './places';
import { PhoneBar } from './PhoneBar';
import classes from './Shell.module.css';
import { ShortcutList } from './ShortcutList';
import { TopBar } from './TopBar';
import { useOverlays } from './useOverlays';

/** The frame of every page: navigation, top bar, jump-to, shortcuts, and the one stream of events. */
export function Shell() {
  const connected = useLive();
  const [narrow, setNarrow] = useLocalStorage({ key: 'segno-narrow-navigation', defaultValue: false });
  const overlays = useOverlays();
  return (
    <Connected value={connected}>
      <a href="#main" className={classes.skip}>
        Skip to the page
      </a>
      <AppShell
        header={{ height: 52 }}
        navbar={{ width: narrow ? 64 : 212, breakpoint: 'sm', collapsed: { mobile: true } }}
        footer={{ height: { base: 58, sm: 0 } }}
        padding={{ base: 'sm', sm: 'lg' }}
        transitionDuration={0}
      >
        <AppShell.Header className={classes.header}>
          <TopBar openJump={() => overlays.open('jump')} openShortcuts={() => overlays.open('shortcuts')} />
        </AppShell.Header>
        <AppShell.Navbar className={classes.navbar} p="xs" aria-label="Pages">
          <Navigation narrow={narrow} />
          <Tooltip label={narrow ? 'Widen the navigation' : 'Narrow the navigation'} position="right">
            <ActionIcon
              variant="subtle"
              color="gray"
              mt="auto"
              ml={narrow ? 7 : 4}
              aria-label={narrow ? 'Widen the navigation' : 'Narrow the navigation'}
              onClick={() => setNarrow(!narrow)}
            >
              {narrow ? (
                <IconLayoutSidebarLeftExpand size={18} />
              ) : (
                <IconLayoutSidebarLeftCollapse size={18} />
              )}
            </ActionIcon>
          </Tooltip>
        </AppShell.Navbar>
        <AppShell.Main id="main" tabIndex={-1}>
          <ConnectionLost />
          <Suspense fallback={<Loading what="The page" />}>
            <Outlet />
          </Suspense>
        </AppShell.Main>
        <AppShell.Footer hiddenFrom="sm" className={classes.footer}>
          <PhoneBar />
        </AppShell.Footer>
      </AppShell>
      <TimeTip />
      <JumpTo opened={overlays.shown === 'jump'} close={overlays.close} />
      <ShortcutList opened={overlays.shown === 'shortcuts'} close={overlays.close} />
    </Connected>
  );
}

function Navigation({ narrow }: { narrow: boolean }) {
  const { pathname } = useLocation();
  return places.map((place) => {
    const active = isAt(place, pathname);
    const link = (
      <Link
        key={place.to}
        to={place.to}
        className={classes.link}
        data-active={active || undefined}
        aria-current={active ? 'page' : undefined}
        aria-label={place.name}
      >
        <place.icon size={18} stroke={1.7} aria-hidden />
        {!narrow && place.name}
      </Link>
    );
    return narrow ? (
      <Tooltip key={place.to} label={place.name} position="right">
        {link}
      </Tooltip>
    ) : (
      link
    );
  });
}

function ConnectionLost() {
  const connected = useConnected();
  if (connected !== false) return null;
  return (
    <div className={classes.lost} role="alert">
      <IconPlugConnectedX size={20} color="var(--tone-warn)" aria-hidden />
      <div>
        <Text fw={600} size="sm">
          Connection lost, reconnecting
        </Text>
        <Text size="sm" c="dimmed">
          The conductor does not answer. What is shown is as it was; it becomes fresh by itself.
        </Text>
      </div>
    </div>
  );
}
