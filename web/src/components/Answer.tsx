import { Alert, Button, Center, Loader, Stack, Text } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

interface AnswerProps<T> {
  query: UseQueryResult<T>;
  /** What is asked for, as in "The servers could not be read". */
  what: string;
  /** Shown for an answer that holds nothing. */
  empty?: { when: (data: T) => boolean; text: ReactNode };
  /** The least height that the answer will have, as CSS has it: what stands below is not pushed away by it. */
  height?: string;
  children: (data: T) => ReactNode;
}

/** Shows the answer to a query, or that it is on its way, is empty or could not be had. An old answer stays on show. */
export function Answer<T>({ query, what, empty, height, children }: AnswerProps<T>) {
  if (query.data !== undefined) {
    if (empty?.when(query.data)) return <Empty>{empty.text}</Empty>;
    return <>{children(query.data)}</>;
  }
  if (query.isError) {
    return (
      <Alert color="red" icon={<IconAlertCircle />} title={`${what} could not be read`}>
        <Stack align="flex-start" gap="xs">
          {query.error.message}
          <Button size="xs" variant="default" onClick={() => void query.refetch()}>
            Try again
          </Button>
        </Stack>
      </Alert>
    );
  }
  return <Loading what={what} {...(height === undefined ? {} : { height })} />;
}

/** Says that there is nothing yet, and what to do about it. */
export function Empty({ children }: { children: ReactNode }) {
  return (
    <Text c="dimmed" p="md" component="div">
      {children}
    </Text>
  );
}

/** Says that something is on its way. */
export function Loading({ what, height }: { what: string; height?: string }) {
  return (
    <Center p="xl" {...(height === undefined ? {} : { mih: height })}>
      <Loader size="sm" role="status" aria-label={`${what}: loading`} />
    </Center>
  );
}
