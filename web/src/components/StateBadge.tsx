import { Badge } from '@mantine/core';

import type { State } from '../data/model';
import { states } from './states';

/** Shows a state with its icon, its colour and its word. */
export function StateBadge({ state, size = 'md' }: { state: State; size?: 'md' | 'lg' }) {
  const { icon: Icon, color, word } = states[state];
  return (
    <Badge variant="light" color={color} size={size} tt="none" leftSection={<Icon size={13} aria-hidden />}>
      {word}
    </Badge>
  );
}
