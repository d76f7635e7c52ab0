import { Anchor, Center, Loader, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { useState } from 'react';

import { Answer } from './components/Answer';
import { Drafts, DraftsOfTab } from './components/document/drafts';
import { Page } from './components/Page';
import type { Search } from './components/useFilter';
import { isSignedOut } from './data/api';
import { session } from './data/session';
import { Shell } from './shell/Shell';
import { SignIn } from './shell/SignIn';

/** Shows the pages to who is signed in, and the way in to everybody else. */
function Gate() {
  const [drafts] = useState(() => new Drafts());
  return (
    <DraftsOfTab value={drafts}>
      <Way />
    </DraftsOfTab>
  );
}

function Way() {
  const query = useQuery(session);
  if (isSignedOut(query.error)) return <SignIn />;
  if (query.isPending) {
    return (
      <Center mih="100vh">
        <Loader role="status" aria-label="Segno is loading" />
      </Center>
    );
  }
  return (
    <Answer query={query} what="The session">
      {() => <Shell />}
    </Answer>
  );
}

function NotFound() {
  return (
    <Page title="Nothing here">
      <Text>
        There is no page at this address.{' '}
        <Anchor component={Link} to="/">
          To the overview
        </Anchor>
      </Text>
    </Page>
  );
}

const root = createRootRoute({
  component: Gate,
  notFoundComponent: NotFound,
  validateSearch: (search: Record<string, unknown>): Search =>
    Object.fromEntries(
      Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
});

const under = { getParentRoute: () => root } as const;

// One line a page. Each is a bundle of its own, which loads when one goes there.
const routes = [
  createRoute({
    ...under,
    path: '/',
    component: lazyRouteComponent(() => import('./pages/overview/Overview'), 'Overview'),
  }),
  createRoute({
    ...under,
    path: '/runs',
    component: lazyRouteComponent(() => import('./pages/runs/Runs'), 'Runs'),
  }),
  createRoute({
    ...under,
    path: '/runs/$id',
    component: lazyRouteComponent(() => import('./pages/runs/RunPage'), 'RunPage'),
  }),
  createRoute({
    ...under,
    path: '/tasks',
    component: lazyRouteComponent(() => import('./pages/tasks/Tasks'), 'Tasks'),
  }),
  createRoute({
    ...under,
    path: '/tasks/$name',
    component: lazyRouteComponent(() => import('./pages/tasks/TaskPage'), 'TaskPage'),
  }),
  createRoute({
    ...under,
    path: '/plans',
    component: lazyRouteComponent(() => import('./pages/plans/Plans'), 'Plans'),
  }),
  createRoute({
    ...under,
    path: '/plans/$name',
    component: lazyRouteComponent(() => import('./pages/plans/PlanPage'), 'PlanPage'),
  }),
  createRoute({
    ...under,
    path: '/plans/$name/runs/$id',
    component: lazyRouteComponent(() => import('./pages/plans/PlanRunPage'), 'PlanRunPage'),
  }),
  createRoute({
    ...under,
    path: '/timeline',
    component: lazyRouteComponent(() => import('./pages/timeline/Timeline'), 'Timeline'),
  }),
  createRoute({
    ...under,
    path: '/virtual-servers',
    component: lazyRouteComponent(() => import('./pages/virtual-servers/VirtualServers'), 'VirtualServers'),
  }),
  createRoute({
    ...under,
    path: '/servers',
    component: lazyRouteComponent(() => import('./pages/servers/Servers'), 'Servers'),
  }),
  createRoute({
    ...under,
    path: '/servers/$name',
    component: lazyRouteComponent(() => import('./pages/servers/ServerPage'), 'ServerPage'),
  }),
  createRoute({
    ...under,
    path: '/recovery',
    component: lazyRouteComponent(() => import('./pages/recovery/Recovery'), 'Recovery'),
  }),
  createRoute({
    ...under,
    path: '/settings',
    component: lazyRouteComponent(() => import('./pages/settings/Settings'), 'Settings'),
  }),
  createRoute({
    ...under,
    path: '/settings/calendars',
    component: lazyRouteComponent(() => import('./pages/settings/calendars/Calendars'), 'Calendars'),
  }),
  createRoute({
    ...under,
    path: '/settings/calendars/$name',
    component: lazyRouteComponent(() => import('./pages/settings/calendars/CalendarPage'), 'CalendarPage'),
  }),
  createRoute({
    ...under,
    path: '/settings/archives',
    component: lazyRouteComponent(() => import('./pages/settings/archives/Archives'), 'Archives'),
  }),
  createRoute({
    ...under,
    path: '/settings/archives/$name',
    component: lazyRouteComponent(() => import('./pages/settings/archives/ArchivePage'), 'ArchivePage'),
  }),
  createRoute({
    ...under,
    path: '/settings/notifications',
    component: lazyRouteComponent(
      () => import('./pages/settings/notifications/Notifications'),
      'Notifications',
    ),
  }),
  createRoute({
    ...under,
    path: '/settings/limits',
    component: lazyRouteComponent(() => import('./pages/settings/limits/Limits'), 'Limits'),
  }),
  createRoute({
    ...under,
    path: '/settings/retention',
    component: lazyRouteComponent(() => import('./pages/settings/retention/Retention'), 'Retention'),
  }),
  createRoute({
    ...under,
    path: '/settings/audit',
    component: lazyRouteComponent(() => import('./pages/settings/audit/Audit'), 'Audit'),
  }),
  createRoute({
    ...under,
    path: '/settings/about',
    component: lazyRouteComponent(() => import('./pages/settings/About'), 'About'),
  }),
];

/** Filters stand in the address as plain words. */
export const plainWords = {
  parseSearch: (text: string) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search: Record<string, unknown>) => {
    const set = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
    const text = new URLSearchParams(set.map(([key, value]) => [key, String(value)])).toString();
    return text === '' ? '' : `?${text}`;
  },
};

export function newRouter() {
  return createRouter({ routeTree: root.addChildren(routes), scrollRestoration: true, ...plainWords });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
