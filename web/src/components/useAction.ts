import { useMutation, useQueryClient } from '@tanstack/react-query';

import { failed } from './notices';

interface ActionOptions<V, R> {
  /** As in "js-1 could not be drained"; null where what went wrong is shown in its place. */
  failure: string | ((input: V) => string) | null;
  /** Keys of the queries to ask again at once, without waiting for the stream of events. */
  changes?: string[][];
  onDone?: (result: R, input: V) => void;
}

/** A change that is asked of the conductor. Says so where it fails, and asks again for what it has changed. */
export function useAction<V, R>(
  act: (input: V) => Promise<R>,
  { failure, changes = [], onDone }: ActionOptions<V, R>,
) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: (result, input) => onDone?.(result, input),
    onError: (error, input) => {
      if (failure !== null) failed(typeof failure === 'string' ? failure : failure(input), error);
    },
    onSettled: () => {
      for (const queryKey of changes) void queries.invalidateQueries({ queryKey });
    },
  });
}
