import { Stack, Text } from '@mantine/core';
import { useContext } from 'react';
import type { ReactNode } from 'react';

import { Form } from '../../components/document/fields';
import classes from './Editor.module.css';

interface Props {
  title: string;
  /** The field of which the section as a whole is about, if what is refused there has no field of its own. */
  field?: string;
  children: ReactNode;
}

/** A part of the form of a task. */
export function Section({ title, field, children }: Props) {
  const { errors } = useContext(Form);
  const error = field === undefined ? undefined : errors.get(field);
  return (
    <section className={classes.section} aria-label={title}>
      <h3>{title}</h3>
      {error && (
        <Text size="sm" c="var(--tone-bad)" role="alert">
          {error}
        </Text>
      )}
      <Stack gap="sm">{children}</Stack>
    </section>
  );
}
