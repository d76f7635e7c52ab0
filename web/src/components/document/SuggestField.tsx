import { Autocomplete } from '@mantine/core';

import { useField } from './fields';
import type { FieldProps } from './fields';

/** A text for which there are suggestions; any other one may be written as well. */
export function SuggestField({ path, label, hint, options }: FieldProps & { options: string[] }) {
  const { value, set, error, readOnly } = useField(path);
  return (
    <Autocomplete
      label={label}
      description={hint}
      data={options}
      limit={100}
      readOnly={readOnly}
      error={error}
      value={typeof value === 'string' ? value : ''}
      onChange={(text) => set(text === '' ? undefined : text)}
    />
  );
}
