import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showPart } from '../../testing/console';
import { Nothing } from './Nothing';

it('says that there is nothing, and offers to make the first one where one may', () => {
  const { unmount } = showPart(<Nothing action={<button>New rule</button>}>There is no rule yet.</Nothing>);
  expect(screen.getByText('There is no rule yet.')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'New rule' })).toBeTruthy();
  unmount();
  showPart(<Nothing>There is no rule yet.</Nothing>);
  expect(screen.queryByRole('button')).toBeNull();
});
