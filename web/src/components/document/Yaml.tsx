import { Text, Textarea } from '@mantine/core';
import { useId } from 'react';

import classes from './Document.module.css';
import type { EditedDocument } from './useDocument';

/** The YAML of a document, to be edited, with the lines in which it cannot be read. */
export function Yaml({ document, readOnly }: { document: EditedDocument; readOnly: boolean }) {
  const id = useId();
  const { noun } = document.kind;
  const lines = document.text.split('\n').length;
  const wrong = new Set(document.faults.map((fault) => fault.line));
  return (
    <div className={classes.yaml}>
      <label htmlFor={id}>YAML</label>
      <Text size="xs" c="dimmed">
        The same {noun}, as <code>segno apply</code> takes it below <code>kind: {noun}</code>.
      </Text>
      <div className={classes.sheet}>
        <div className={classes.numbers} aria-hidden>
          {Array.from({ length: lines }, (_, i) => (
            <div key={i} data-wrong={wrong.has(i + 1) || undefined}>
              {i + 1}
            </div>
          ))}
        </div>
        <Textarea
          id={id}
          flex={1}
          variant="unstyled"
          autosize
          minRows={12}
          spellCheck={false}
          readOnly={readOnly}
          wrapperProps={{ style: { minWidth: 0 } }}
          classNames={{ input: classes.text ?? '' }}
          value={document.text}
          onChange={(event) => document.setText(event.currentTarget.value)}
        />
      </div>
      {document.faults.map((fault, i) => (
        <Text key={i} size="sm" c="var(--tone-bad)" role="alert">
          {fault.line !== null && `line ${fault.line}: `}
          {fault.reason}
        </Text>
      ))}
    </div>
  );
}
