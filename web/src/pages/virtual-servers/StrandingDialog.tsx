import { Button, Group, List, Text } from '@mantine/core';

import { Dialog } from '../../components/Dialog';
import type { Doubt } from './useMover';
import { namesOf, saying } from './moves';

/** Asks whether to go on although tasks lose their last eligible server. */
export function StrandingDialog({ doubt, answer }: { doubt: Doubt | null; answer: (yes: boolean) => void }) {
  return (
    <Dialog
      opened={doubt !== null}
      onClose={() => answer(false)}
      title="Tasks would be left without a server"
    >
      {doubt && (
        <>
          <Text size="sm" mb="xs">
            {saying(doubt.move)}. No other member can take these{' '}
            {doubt.stranded.length === 1 ? 'runs' : 'tasks’ runs'} now: they would wait until one can. What
            runs already goes on.
          </Text>
          <List size="sm" mb="md" aria-label="Tasks that lose their last server">
            {doubt.stranded.slice(0, 10).map((task) => (
              <List.Item key={task}>{task}</List.Item>
            ))}
          </List>
          {doubt.stranded.length > 10 && (
            <Text size="sm" c="dimmed" mb="md">
              and {doubt.stranded.length - 10} more
            </Text>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" data-autofocus onClick={() => answer(false)}>
              Leave it as it is
            </Button>
            <Button color="red" onClick={() => answer(true)}>
              Move {namesOf(doubt.move.servers, 1)} all the same
            </Button>
          </Group>
        </>
      )}
    </Dialog>
  );
}
