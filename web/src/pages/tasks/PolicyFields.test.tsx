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

const leaving = () => screen.queryByRole('switch', { name: /^Leave the cut-off job running/ });

it('offers to leave the cut-off job running once the run is to end as reset', async () => {
  const { spec } = showFields(<PolicyFields />, { spec: { on_unavailable: 'recover' } });
  expect(leaving()).toBeNull();
  await userEvent.click(screen.getByRole('combobox', { name: 'Step 1: the run is to' }));
  await userEvent.click(await screen.findByRole('option', { name: 'end as reset' }));
  await userEvent.click(leaving() as HTMLElement);
  expect(spec()).toEqual({ on_unavailable: 'reset', leave_running: true });
  expect(screen.getByText(/a run that is started anew may overlap with it\./)).toBeTruthy();
});

it.each([
  ['a reset after a time', [{ after: '10m', do: 'reset' }]],
  [
    'a wait and then a reset',
    [
      { after: '2m', do: 'wait' },
      { after: '10m', do: 'reset' },
    ],
  ],
])('offers it for %s, as that comes to the same', (_, ladder) => {
  showFields(<PolicyFields />, { spec: { on_unavailable: ladder } });
  expect(leaving()).not.toBeNull();
});

it('does not offer it where a reset only gives up a run that was taken up elsewhere', () => {
  const ladder = [
    { after: '2m', do: 'recover' },
    { after: '10m', do: 'reset' },
  ];
  showFields(<PolicyFields />, { spec: { on_unavailable: ladder } });
  expect(leaving()).toBeNull();
});

it('lets one take it back where the policy does not fit it any more', async () => {
  const { spec } = showFields(<PolicyFields />, { spec: { on_unavailable: 'recover', leave_running: true } });
  await userEvent.click(leaving() as HTMLElement);
  expect(spec()).toEqual({ on_unavailable: 'recover' });
});
