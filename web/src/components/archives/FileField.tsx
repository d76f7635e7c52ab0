import { Button, FileButton, Input, Text } from '@mantine/core';
import { IconFileZip, IconUpload } from '@tabler/icons-react';

import { archiveLimits } from '../../data/archives';
import { bytes } from '../../data/sizes';
import classes from './Archives.module.css';
import { useDropped } from './dropped';
import type { Dropped } from './dropped';

interface FileFieldProps {
  file: File | null;
  error: string | undefined;
  take: (dropped: Dropped) => void;
}

const limits = `A zip or tar.gz of at most ${bytes(archiveLimits.file)}, with at most ${archiveLimits.entries.toLocaleString('en')} files of ${bytes(archiveLimits.unpacked)} together.`;

/** Chooses a package: with the browser's chooser, or by dropping it anywhere on the page. */
export function FileField({ file, error, take }: FileFieldProps) {
  const over = useDropped(true, take);
  return (
    <Input.Wrapper
      label="Package"
      labelElement="div"
      description={limits}
      error={error && `The package ${error}.`}
      required
    >
      <div className={classes.drop} data-over={over || undefined}>
        {file ? (
          <Text size="sm" className={classes.file}>
            <IconFileZip size={18} stroke={1.7} aria-hidden />
            <span>{file.name}</span>
            <span className={classes.size}>{bytes(file.size)}</span>
          </Text>
        ) : (
          <Text size="sm" c="dimmed">
            Drop it here, or
          </Text>
        )}
        <FileButton
          accept=".zip,.tgz,.tar.gz,.gz,application/zip,application/gzip"
          onChange={(chosen) => chosen && take({ file: chosen, fault: '' })}
        >
          {(props) => (
            <Button
              {...props}
              data-autofocus
              size="compact-sm"
              variant="light"
              leftSection={<IconUpload size={14} aria-hidden />}
            >
              {file ? 'Choose another file…' : 'Choose a file…'}
            </Button>
          )}
        </FileButton>
      </div>
    </Input.Wrapper>
  );
}
