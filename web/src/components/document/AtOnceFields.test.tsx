import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { showFields } from '../../testing/form';
import { AtOnceFields } from './AtOnceFields';

it('writes how many run at once, and what becomes of a further one', async () => {
  const { spec } = showFields(<AtOnceFields />, {});
  const user = userEvent.setup();
  const busy = screen.getByRole('combobox', { name: 'When that many run' });
  expect(busy.getAttribute('placeholder')).toBe('the new one waits');
  await user.type(screen.getByLabelText('Runs at once'), '2');
  await user.click(busy);
  await user.click(await screen.findByRole('option', { name: 'it replaces the oldest' }));
  expect(spec()).toEqual({ max_concurrent: 2, when_busy: 'replace' });
});

it('puts what is refused at its field', () => {
  showFields(<AtOnceFields />, {
    spec: { when_busy: 'skip' },
    errors: { when_busy: 'needs max_concurrent', max_concurrent: 'must be at least 1' },
  });
  expect(screen.getByLabelText('Runs at once').getAttribute('aria-invalid')).toBe('true');
  expect(screen.getByText('needs max_concurrent')).toBeTruthy();
});
