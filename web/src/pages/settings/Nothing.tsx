import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Says on a panel that there is nothing yet, what it would be good for, and offers to make it. */
export function Nothing({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="panel" style={{ padding: 'var(--mantine-spacing-xl)', textAlign: 'center' }}>
      <Text mb={action ? 'sm' : 0} maw={560} mx="auto" c="var(--mantine-color-text)">
        {children}
      </Text>
      {action}
    </div>
  );
}
