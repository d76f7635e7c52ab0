import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { showFields } from '../../testing/form';
import { PolicyFields, policyOf } from './PolicyFields';

it('says that nothing is said yet, and lets one say what happens', async () => {
  const { spec } = showFields(<PolicyFields />, {});
  expect(screen.getByText('As its virtual server says; without that, the run waits.')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Say what happens' }));
  expect(screen.getByLabelText('Step 1: after a silence of')).toBeTruthy();
  expect(spec().on_unavailable).toBeDefined();
  await userEvent.click(screen.getByRole('button', { name: 'Remove step 1' }));
  expect(spec().on_unavailable).toBeUndefined();
});

it('leaves alone what it cannot show', () => {
  showFields(<PolicyFields />, { spec: { on_unavailable: { other: 1 } } });
  expect(screen.getByText(/The form cannot show this policy/)).toBeTruthy();
  expect(screen.queryByRole('group', { name: 'Steps' })).toBeNull();
});

it('shows what was refused of a step at its field', () => {
  showFields(<PolicyFields />, {
    spec: { on_unavailable: [{ after: '2m', do: 'recover' }] },
    errors: { 'on_unavailable[0].after': 'must be at least 5s' },
  });
  const field = screen.getByLabelText('Step 1: after a silence of');
  expect(field.getAttribute('aria-invalid')).toBe('true');
});

it('reads of a document what happens, and whether its servers are a group', () => {
  expect(policyOf({ on_unavailable: 'wait', unavailable_after: '2m', target: { server: 'js-1' } })).toEqual({
    policy: 'wait',
    unavailableAfter: '2m',
    leaveRunning: false,
    grouped: false,
  });
});
