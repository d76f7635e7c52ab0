import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { signIn } from '../data/api';
import { session } from '../data/session';

/** Asks for the token that the conductor printed at its first start. */
export function SignIn() {
  const [token, setToken] = useState('');
  const queries = useQueryClient();
  const entering = useMutation({
    mutationFn: signIn,
    onSuccess: () => queries.resetQueries({ queryKey: session.queryKey }),
  });
  return (
    <Center mih="100vh" p="md">
      <Paper withBorder p="xl" w={420} maw="100%">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            entering.mutate(token.trim());
          }}
        >
          <Stack>
            <Title order={1} size="h3">
              Segno
            </Title>
            <Text size="sm" c="dimmed">
              The conductor printed a token at its first start, and keeps it in the file admin-token of its
              data folder.
            </Text>
            <PasswordInput
              label="Token"
              value={token}
              onChange={(event) => setToken(event.currentTarget.value)}
              autoComplete="current-password"
              data-autofocus
              autoFocus
              required
            />
            {entering.isError && <Alert color="red">{entering.error.message}</Alert>}
            <Button type="submit" loading={entering.isPending}>
              Sign in
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
