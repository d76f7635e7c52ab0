import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';

import { ApiError, isSignedOut } from './data/api';
import { kept } from './data/kept';
import { session } from './data/session';

/** Returns a client that leads back to signing in as soon as any answer says that the session has ended. */
export function newQueryClient(): QueryClient {
  const lead = (error: unknown) => {
    // To who is being asked for a token already, a refusal is the answer to that.
    const asked = client.getQueryState(session.queryKey)?.status === 'error';
    if (isSignedOut(error) && !asked) void client.resetQueries({ queryKey: session.queryKey });
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: lead }),
    mutationCache: new MutationCache({ onError: lead }),
    defaultOptions: {
      queries: {
        refetchOnWindowFocus: false,
        structuralSharing: kept,
        // A refusal stays a refusal; only a conductor that does not answer is asked again.
        retry: (failures, error) =>
          failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      },
    },
  });
  return client;
}
