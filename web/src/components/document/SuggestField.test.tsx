import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { showFields } from '../../testing/form';
import { SuggestField } from './SuggestField';

const field = <SuggestField path={['job', 'context']} label="Context" options={['Default', 'Prod']} />;
const box = () => screen.getByRole<HTMLInputElement>('combobox', { name: 'Context' });

it('offers what there is, by a part of it, and writes what is chosen', async () => {
  const { spec } = showFields(field, {});
  await userEvent.type(box(), 'pr');
  await userEvent.click(await screen.findByRole('option', { name: 'Prod' }));
  expect(screen.queryByRole('option', { name: 'Default' })).toBeNull();
  expect(spec()).toEqual({ job: { context: 'Prod' } });
});

it('takes any other text as well, and says nothing once it is empty', async () => {
  const { spec } = showFields(field, {});
  await userEvent.type(box(), 'Staging');
  expect(spec()).toEqual({ job: { context: 'Staging' } });
  await userEvent.clear(box());
  expect(spec()).toEqual({});
});

it('shows what was refused at its field, and lets nobody change it who may not', async () => {
  const { spec } = showFields(field, {
    spec: { job: { context: 'Prod' } },
    errors: { 'job.context': 'is no context of it' },
    readOnly: true,
  });
  expect(box().value).toBe('Prod');
  expect(screen.getByText('is no context of it')).toBeTruthy();
  expect(box().getAttribute('aria-invalid')).toBe('true');
  await userEvent.type(box(), 'x');
  expect(spec()).toEqual({ job: { context: 'Prod' } });
});
