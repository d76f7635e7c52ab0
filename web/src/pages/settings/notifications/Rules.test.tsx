import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, problem, show } from '../../../testing/console';
import { answers, failures } from './samples';

it('turns a rule off and says where it could not', async () => {
  let stands = false;
  show('/settings/notifications?tab=rules', {
    ...answers,
    'PATCH /notifications/rules/failures': ({ body }) => {
      expect(body).toEqual({ disabled: true });
      return stands ? problem(503, 'The disk is full.') : json({ ...failures, disabled: true });
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('switch', { name: 'failures is in use' }));
  stands = true;
  await user.click(await screen.findByRole('switch', { name: 'failures is in use' }));
  expect(await screen.findByText('The disk is full.')).toBeTruthy();
});

it('says what each rule tells whom of', async () => {
  show('/settings/notifications?tab=rules', answers);
  const row = within(await screen.findByRole('row', { name: /failures/ }));
  expect(row.getByText('chat of run failed, run late; tasks load-*; label team=etl')).toBeTruthy();
  expect(row.getByRole<HTMLInputElement>('switch', { name: 'failures is in use' }).checked).toBe(true);
});
