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
  children: (data: T) => ReactNode;
}

/** Shows the answer to a query, or that it is on its way, is empty or could not be had. An old answer stays on show. */
export function Answer<T>({ query, what, empty, children }: AnswerProps<T>) {
  if (query.data !== undefined) {
    if (empty?.when(query.data)) {
      return (
        <Text c="dimmed" p="md">
          {empty.text}
        </Text>
      );
    }
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
  return (
    <Center p="xl">
      <Loader size="sm" aria-label={`${what} are being read`} />
    </Center>
  );
}
