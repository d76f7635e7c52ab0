import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showFields } from '../../testing/form';
import { Section } from './Section';

it('is a region of its name, with a heading and its fields', () => {
  showFields(
    <Section title="Job">
      <p>fields</p>
    </Section>,
    {},
  );
  const section = within(screen.getByRole('region', { name: 'Job' }));
  expect(section.getByRole('heading', { name: 'Job' })).toBeTruthy();
  expect(section.getByText('fields')).toBeTruthy();
});

it('tells what was refused of it as a whole, and not what was refused of a field in it', () => {
  showFields(
    <Section title="Job" field="job">
      <p>fields</p>
    </Section>,
    { errors: { job: 'must be of one kind', 'job.command': 'must not be empty' } },
  );
  expect(screen.getByRole('alert').textContent).toBe('must be of one kind');
});

it('tells nothing where it names no field', () => {
  showFields(
    <Section title="Job">
      <p>fields</p>
    </Section>,
    { errors: { job: 'must be of one kind' } },
  );
  expect(screen.queryByRole('alert')).toBeNull();
});
