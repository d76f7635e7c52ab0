import { Anchor, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';

/** How many tasks are named; the rest is a number. */
const mostTasks = 5;

/** Leads to tasks by their names. */
export function TaskLinks({ tasks }: { tasks: readonly string[] }) {
  if (tasks.length === 0) {
    return (
      <Text size="sm" c="dimmed" component="span">
        none
      </Text>
    );
  }
  const more = tasks.length - mostTasks;
  return (
    <Text size="sm" component="span" style={{ overflowWrap: 'anywhere' }}>
      {tasks.slice(0, mostTasks).map((name, i) => (
        <Fragment key={name}>
          {i > 0 && ', '}
          <Anchor component={Link} to={`/tasks/${encodeURIComponent(name)}`} size="sm" underline="always">
            {name}
          </Anchor>
        </Fragment>
      ))}
      {more > 0 && ` and ${more} more`}
    </Text>
  );
}
