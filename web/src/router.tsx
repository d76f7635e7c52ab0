import { Anchor, Center, Loader, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, createRootRoute, createRoute, createRouter } from '@tanstack/react-router';

import { Answer } from './components/Answer';
import { Shell } from './components/Shell';
import { isSignedOut } from './data/api';
import { session } from './data/queries';
import { Overview } from './pages/Overview';
import { RunPage } from './pages/RunPage';
import { SignIn } from './pages/SignIn';

/** Shows the pages to who is signed in, and the way in to everybody else. */
function Gate() {
  const query = useQuery(session);
  if (isSignedOut(query.error)) return <SignIn />;
  if (query.isPending) {
    return (
      <Center mih="100vh">
        <Loader aria-label="Segno is loading" />
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
    <Text>
      There is no page at this address.{' '}
      <Anchor component={Link} to="/">
        To the overview
      </Anchor>
    </Text>
  );
}

const root = createRootRoute({ component: Gate, notFoundComponent: NotFound });
const routes = [
  createRoute({ getParentRoute: () => root, path: '/', component: Overview }),
  createRoute({ getParentRoute: () => root, path: '/runs/$id', component: RunPage }),
];

export function newRouter() {
  return createRouter({ routeTree: root.addChildren(routes), scrollRestoration: true });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
