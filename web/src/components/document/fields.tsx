// The fields of the form of a document. Each shows what stands at its path, and what the conductor said of it.

import {
  ActionIcon,
  Button,
  MultiSelect,
  NumberInput,
  Select,
  Switch,
  Text,
  TextInput,
  Textarea,
} from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { createContext, useContext, useEffect, useState } from 'react';
import type { ReactNode } from 'react';

import type { ApiError } from '../../data/api';
import { localText, ofLocalText, zoneName } from '../instants';
import { at } from './document';
import type { Json, JsonObject, Path } from './document';
import classes from './Document.module.css';

/** What the conductor has refused, and why. Its fields are those of the document that was sent. */
export interface Refused {
  spec: JsonObject;
  /** The version that it was to replace; null for a new document. */
  version: number | null;
  error: ApiError;
}

export interface FormState {
  spec: JsonObject;
  setAt: (path: Path, value: Json | undefined) => void;
  /** What was refused, by field as the conductor names it. */
  errors: ReadonlyMap<string, string>;
  refused: Refused | null;
  readOnly: boolean;
}

export const Form = createContext<FormState>({
  spec: {},
  setAt: () => undefined,
  errors: new Map(),
  refused: null,
  readOnly: false,
});

/** Writes a path as the conductor names fields. */
export function fieldOf(path: Path): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('');
}

/** What stands at a path, what was said of it, and how it is changed. */
export function useField(path: Path) {
  const { spec, setAt, errors, readOnly } = useContext(Form);
  return {
    value: at(spec, path),
    set: (value: Json | undefined) => setAt(path, value),
    error: errors.get(fieldOf(path)),
    readOnly,
  };
}

export interface FieldProps {
  path: Path;
  label: string;
  hint?: ReactNode;
  placeholder?: string;
}

export function TextField({
  path,
  label,
  hint,
  placeholder,
  required = false,
}: FieldProps & { required?: boolean }) {
  const { value, set, error, readOnly } = useField(path);
  return (
    <TextInput
      label={label}
      description={hint}
      placeholder={placeholder}
      required={required}
      readOnly={readOnly}
      error={error}
      value={typeof value === 'string' || typeof value === 'number' ? String(value) : ''}
      onChange={(event) =>
        set(event.currentTarget.value === '' && !required ? undefined : event.currentTarget.value)
      }
    />
  );
}

export function TextArea({ path, label, hint, code = false }: FieldProps & { code?: boolean }) {
  const { value, set, error, readOnly } = useField(path);
  return (
    <Textarea
      label={label}
      description={hint}
      autosize
      minRows={code ? 5 : 2}
      maxRows={22}
      readOnly={readOnly}
      error={error}
      spellCheck={!code}
      {...(code ? { classNames: { input: classes.code ?? '' } } : {})}
      value={typeof value === 'string' ? value : ''}
      onChange={(event) => set(event.currentTarget.value)}
    />
  );
}

/** A list of texts, one a line. */
export function LinesField({ path, label, hint }: FieldProps) {
  const { value, set, error, readOnly } = useField(path);
  const lines = Array.isArray(value) ? value.map(String) : [];
  const { errors } = useContext(Form);
  const field = fieldOf(path);
  const inner = [...errors].find(([name]) => name.startsWith(`${field}[`))?.[1];
  return (
    <Textarea
      label={label}
      description={hint}
      autosize
      minRows={2}
      maxRows={14}
      readOnly={readOnly}
      error={error ?? inner}
      spellCheck={false}
      classNames={{ input: classes.code ?? '' }}
      value={lines.join('\n')}
      onChange={(event) => {
        const text = event.currentTarget.value;
        set(text === '' ? undefined : text.split('\n'));
      }}
    />
  );
}

export function WholeField({ path, label, hint, min = 0, max }: FieldProps & { min?: number; max?: number }) {
  const { value, set, error, readOnly } = useField(path);
  return (
    <NumberInput
      label={label}
      description={hint}
      min={min}
      {...(max === undefined ? {} : { max })}
      readOnly={readOnly}
      error={error}
      value={typeof value === 'number' ? value : ''}
      onChange={(next) => set(typeof next === 'number' ? next : undefined)}
    />
  );
}

interface ChoiceProps extends FieldProps {
  options: (string | { value: string; label: string })[];
  required?: boolean;
  /** The option that holds where nothing is written. */
  otherwise?: string;
}

export function ChoiceField({
  path,
  label,
  hint,
  placeholder,
  options,
  required = false,
  otherwise,
}: ChoiceProps) {
  const { value, set, error, readOnly } = useField(path);
  const text = typeof value === 'string' && value !== '' ? value : (otherwise ?? null);
  const known = options.some((o) => (typeof o === 'string' ? o : o.value) === text);
  return (
    <Select
      label={label}
      description={hint}
      placeholder={placeholder}
      data={known || text === null ? options : [...options, text]}
      readOnly={readOnly}
      error={error}
      searchable={options.length > 8}
      limit={100}
      required={required}
      clearable={!readOnly && !required && otherwise === undefined}
      allowDeselect={otherwise === undefined}
      value={text}
      onChange={(next) => set(next === otherwise ? undefined : (next ?? undefined))}
    />
  );
}

/** Several of some names; what stands there and is no option any more is shown all the same. */
export function ManyField({ path, label, hint, placeholder, options }: FieldProps & { options: string[] }) {
  const { value, set, error, readOnly } = useField(path);
  const { errors } = useContext(Form);
  const chosen = Array.isArray(value) ? value.map(String) : [];
  const inner = [...errors].find(([name]) => name.startsWith(`${fieldOf(path)}[`))?.[1];
  return (
    <MultiSelect
      label={label}
      description={hint}
      placeholder={chosen.length === 0 ? placeholder : ''}
      data={[...new Set([...options, ...chosen])]}
      readOnly={readOnly}
      error={error ?? inner}
      searchable
      value={chosen}
      onChange={(next) => set(next.length === 0 ? undefined : next)}
    />
  );
}

/** An instant, written on the clock of the browser's zone. */
export function InstantField({ path, label, hint }: FieldProps) {
  const { value, set, error, readOnly } = useField(path);
  return (
    <TextInput
      type="datetime-local"
      label={label}
      description={hint ?? `in your zone, ${zoneName()}`}
      readOnly={readOnly}
      error={error}
      value={localText(typeof value === 'string' ? value : '')}
      onChange={(event) => {
        const instant = ofLocalText(event.currentTarget.value);
        set(instant === '' ? undefined : instant);
      }}
    />
  );
}

export function SwitchField({ path, label, hint }: FieldProps) {
  const { value, set, error, readOnly } = useField(path);
  return (
    <Switch
      label={label}
      description={hint}
      error={error}
      disabled={readOnly}
      checked={value === true}
      onChange={(event) => set(event.currentTarget.checked ? true : undefined)}
    />
  );
}

/** Names with values, such as parameters: rows to which one can be added. */
export function PairsField({ path, label, hint, names = 'name' }: FieldProps & { names?: string }) {
  const { value, set, error, readOnly } = useField(path);
  const { errors } = useContext(Form);
  const given = value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
  const written = JSON.stringify(given);
  const [rows, setRows] = useState(() => rowsOf(given));
  // What was changed elsewhere, such as in the YAML, shows here; a row that has no name yet stays.
  useEffect(() => {
    setRows((before) =>
      JSON.stringify(objectOf(before)) === written ? before : rowsOf(JSON.parse(written) as JsonObject),
    );
  }, [written]);
  const change = (next: [string, string][]) => {
    setRows(next);
    const object = objectOf(next);
    set(Object.keys(object).length === 0 ? undefined : object);
  };
  const field = fieldOf(path);
  return (
    <fieldset className={classes.pairs}>
      <legend>{label}</legend>
      {hint && (
        <Text size="xs" c="dimmed">
          {hint}
        </Text>
      )}
      {rows.map(([name, text], i) => (
        <div key={i} className={classes.pair}>
          <TextInput
            aria-label={`${label}: ${names} ${i + 1}`}
            placeholder={names}
            readOnly={readOnly}
            value={name}
            onChange={(event) =>
              change(rows.map((row, j) => (j === i ? [event.currentTarget.value, row[1]] : row)))
            }
          />
          <TextInput
            aria-label={`${label}: value ${i + 1}`}
            placeholder="value"
            readOnly={readOnly}
            error={errors.get(`${field}.${name}`)}
            value={text}
            onChange={(event) =>
              change(rows.map((row, j) => (j === i ? [row[0], event.currentTarget.value] : row)))
            }
          />
          {!readOnly && (
            <ActionIcon
              variant="subtle"
              color="gray"
              mt={4}
              aria-label={`Remove ${name || 'row'}`}
              onClick={() => change(rows.filter((_, j) => j !== i))}
            >
              <IconTrash size={16} />
            </ActionIcon>
          )}
        </div>
      ))}
      {error && (
        <Text size="xs" c="var(--tone-bad)">
          {error}
        </Text>
      )}
      {!readOnly && (
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconPlus size={14} />}
          onClick={() => setRows([...rows, ['', '']])}
        >
          Add
        </Button>
      )}
    </fieldset>
  );
}

function rowsOf(object: JsonObject): [string, string][] {
  return Object.entries(object).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
}

function objectOf(rows: readonly [string, string][]): JsonObject {
  return Object.fromEntries(rows.filter(([name]) => name !== ''));
}
