import { Group, Stack, Text, Title } from '@mantine/core';
import { useEffect } from 'react';
import type { ReactNode } from 'react';

interface PageProps {
  title: string;
  /** Shown in place of the title where that is more than a text; the title names the window all the same. */
  heading?: ReactNode;
  /** One sentence under the title. */
  about?: ReactNode;
  /** What can be done on the page, on the right. */
  actions?: ReactNode;
  children: ReactNode;
}

/** The frame of a page: its heading, its actions and its name in the window's title. */
export function Page({ title, heading, about, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Segno`;
  }, [title]);
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-start" gap="sm">
        <div style={{ flex: '1 1 320px', minWidth: 0 }}>
          <Title order={1} size="h3">
            {heading ?? title}
          </Title>
          {about && (
            <Text size="sm" c="dimmed" component="div">
              {about}
            </Text>
          )}
        </div>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

/** A part of a page with a heading, on a panel of its own. */
export function Panel({
  title,
  actions,
  children,
  flush = false,
}: {
  title: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** True where the content, such as a table, reaches the panel's edges. */
  flush?: boolean;
}) {
  return (
    <Stack component="section" className="panel" gap={0}>
      <Group justify="space-between" px="md" py="sm" gap="sm">
        <Title order={2} size="h5">
          {title}
        </Title>
        {actions}
      </Group>
      <div
        className={flush ? 'flush' : undefined}
        style={
          flush ? { overflowX: 'auto' } : { padding: '0 var(--mantine-spacing-md) var(--mantine-spacing-md)' }
        }
      >
        {children}
      </div>
    </Stack>
  );
}
