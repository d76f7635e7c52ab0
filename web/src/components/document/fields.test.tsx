import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { describe, expect, it } from 'vitest';

import { showFields } from '../../testing/form';
import {
  ChoiceField,
  InstantField,
  LinesField,
  ManyField,
  PairsField,
  SwitchField,
  TextArea,
  TextField,
  WholeField,
  fieldOf,
} from './fields';

it('names a path as the conductor does', () => {
  expect(fieldOf(['job', 'steps', 0, 'name'])).toBe('job.steps[0].name');
  expect(fieldOf(['name'])).toBe('name');
});

it('writes a text where it belongs, and takes the key away where nothing is left', async () => {
  const { spec } = showFields(<TextField path={['job', 'run_as']} label="User" />, {
    spec: { job: { run_as: 'x' } },
  });
  const field = screen.getByLabelText('User');
  await userEvent.clear(field);
  expect(spec()).toEqual({});
  await userEvent.type(field, 'etl');
  expect(spec()).toEqual({ job: { run_as: 'etl' } });
});

it('leaves an empty text where there has to be one, so that it can be refused', async () => {
  const { spec } = showFields(<TextField path={['name']} label="Name" required />, { spec: { name: 'x' } });
  await userEvent.clear(screen.getByRole('textbox', { name: 'Name' }));
  expect(spec()).toEqual({ name: '' });
});

it('makes a list of the lines of a text', async () => {
  const { spec } = showFields(<LinesField path={['command']} label="Command" />, { spec: {} });
  const field = screen.getByLabelText('Command');
  await userEvent.type(field, 'run{Enter}--all');
  expect(spec()).toEqual({ command: ['run', '--all'] });
  await userEvent.clear(field);
  expect(spec()).toEqual({});
});

it('writes a number as a number, and none where there is none', async () => {
  const { spec } = showFields(<WholeField path={['max']} label="Most" max={100} />, { spec: {} });
  const field = screen.getByLabelText('Most');
  await userEvent.type(field, '12');
  expect(spec()).toEqual({ max: 12 });
  await userEvent.clear(field);
  expect(spec()).toEqual({});
});

it('chooses one of several, shows what is stored and no option any more, and lets it be cleared', async () => {
  const { spec } = showFields(
    <ChoiceField path={['zone']} label="Zone" options={['UTC', 'Europe/Paris']} />,
    {
      spec: { zone: 'Mars/Base' },
    },
  );
  const field = screen.getByRole<HTMLInputElement>('combobox', { name: 'Zone' });
  expect(field.value).toBe('Mars/Base');
  await userEvent.click(field);
  await userEvent.click(await screen.findByRole('option', { name: 'Europe/Paris' }));
  expect(spec()).toEqual({ zone: 'Europe/Paris' });
  await userEvent.click(screen.getByLabelText('Clear'));
  expect(spec()).toEqual({});
});

it('chooses by keyboard', async () => {
  const { spec } = showFields(<ChoiceField path={['on']} label="When" options={['ok', 'error']} />, {});
  await userEvent.tab();
  await userEvent.keyboard('{ArrowDown}{ArrowDown}{Enter}');
  expect(spec()).toEqual({ on: 'error' });
});

it('chooses several, and keeps what is no option any more until it is taken out', async () => {
  const { spec } = showFields(<ManyField path={['groups']} label="Groups" options={['db']} />, {
    spec: { groups: ['gone'] },
  });
  expect(screen.getAllByText('gone')[0]).toBeTruthy();
  await userEvent.click(screen.getByRole('combobox', { name: 'Groups' }));
  await userEvent.click(await screen.findByRole('option', { name: 'db' }));
  expect(spec()).toEqual({ groups: ['gone', 'db'] });
  await userEvent.type(screen.getByRole('combobox', { name: 'Groups' }), '{Backspace}{Backspace}');
  expect(spec()).toEqual({});
});

it('writes an instant of the browser’s clock as one of the world', async () => {
  const { spec } = showFields(<InstantField path={['at']} label="At" />, {});
  const field = screen.getByLabelText('At');
  expect(screen.getByText(/^in your zone, /)).toBeTruthy();
  await userEvent.type(field, '2026-01-31T09:05');
  expect(spec()).toEqual({ at: new Date('2026-01-31T09:05').toISOString() });
  await userEvent.clear(field);
  expect(spec()).toEqual({});
});

it('says yes, and says nothing rather than no', async () => {
  const { spec } = showFields(<SwitchField path={['pause']} label="Pause" />, {});
  const field = screen.getByRole('switch', { name: 'Pause' });
  await userEvent.click(field);
  expect(spec()).toEqual({ pause: true });
  await userEvent.click(field);
  expect(spec()).toEqual({});
});

describe('names with values', () => {
  const pairs = <PairsField path={['env']} label="Environment" />;

  it('adds, changes and removes rows; one without a name does not count yet', async () => {
    const { spec } = showFields(pairs, { spec: { env: { A: '1' } } });
    const user = userEvent.setup();
    await user.click(screen.getByRole('button', { name: 'Add' }));
    await user.type(screen.getByLabelText('Environment: value 2'), 'two');
    expect(spec()).toEqual({ env: { A: '1' } });
    await user.type(screen.getByLabelText('Environment: name 2'), 'B');
    expect(spec()).toEqual({ env: { A: '1', B: 'two' } });
    await user.click(screen.getByRole('button', { name: 'Remove A' }));
    expect(spec()).toEqual({ env: { B: 'two' } });
    await user.click(screen.getByRole('button', { name: 'Remove B' }));
    expect(spec()).toEqual({});
  });

  it('shows what is refused at its row', () => {
    showFields(pairs, { spec: { env: { A: '1' } }, errors: { 'env.A': 'is reserved' } });
    expect(screen.getByLabelText('Environment: value 1').getAttribute('aria-invalid')).toBe('true');
    expect(screen.getByText('is reserved')).toBeTruthy();
  });

  it('offers nothing to who may not change it', () => {
    showFields(pairs, { spec: { env: { A: '1' } }, readOnly: true });
    expect(screen.queryByRole('button')).toBeNull();
    expect(screen.getByLabelText('Environment: name 1')).toHaveProperty('readOnly', true);
  });
});

const each: [string, ReactNode][] = [
  ['a text', <TextField key="f" path={['x']} label="It" />],
  ['a long text', <TextArea key="f" path={['x']} label="It" />],
  ['lines', <LinesField key="f" path={['x']} label="It" />],
  ['a number', <WholeField key="f" path={['x']} label="It" />],
  ['a choice', <ChoiceField key="f" path={['x']} label="It" options={['a']} />],
  ['several', <ManyField key="f" path={['x']} label="It" options={['a']} />],
  ['an instant', <InstantField key="f" path={['x']} label="It" />],
];

it.each(each)('shows of %s what the conductor has refused', (_, field) => {
  showFields(field, { errors: { x: 'must be otherwise' } });
  const [input] = screen.getAllByLabelText('It');
  expect(input?.getAttribute('aria-invalid')).toBe('true');
  expect(screen.getByText('must be otherwise')).toBeTruthy();
});

it.each([
  ['lines', <LinesField key="f" path={['x']} label="It" />],
  ['several', <ManyField key="f" path={['x']} label="It" options={['a']} />],
])('shows of %s what was refused of one of them', (_, field) => {
  showFields(field, { spec: { x: ['a', 'b'] }, errors: { 'x[1]': 'is unknown' } });
  expect(screen.getByText('is unknown')).toBeTruthy();
});

it.each(each)('lets %s be read only by who may not change it', async (_, field) => {
  const { spec } = showFields(field, { spec: {}, readOnly: true });
  const [input] = screen.getAllByLabelText('It');
  await userEvent.type(input as HTMLElement, '1a{Enter}');
  expect(spec()).toEqual({});
});
