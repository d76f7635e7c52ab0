import { Group } from '@mantine/core';

import { labelWords } from './SettingsDialog';
import classes from './Servers.module.css';

/** Shows labels as "key=value". */
export function Labels({ labels }: { labels: Record<string, string> }) {
  const words = labelWords(labels);
  if (words.length === 0) return null;
  return (
    <Group gap={4}>
      {words.map((word) => (
        <span key={word} className={classes.label}>
          {word}
        </span>
      ))}
    </Group>
  );
}
