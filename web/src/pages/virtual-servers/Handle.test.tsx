import { act, fireEvent, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';

import { showPart } from '../../testing/console';
import { CarryStore, Carrying } from './carry';
import { Handle } from './Handle';

it('hands on the keys that carry its server, and says whether it is lifted by them', () => {
  const store = new CarryStore();
  const onKey = vi.fn();
  showPart(
    <Carrying value={store}>
      <Handle name="js-1" onKey={onKey} />
    </Carrying>,
  );
  const handle = screen.getByRole('button', { name: 'Lift js-1' });
  fireEvent.keyDown(handle, { key: ' ' });
  expect(onKey).toHaveBeenCalledTimes(1);
  const lifted = () => handle.getAttribute('aria-pressed');
  expect(lifted()).toBe('false');
  act(() => store.lift(['js-1', 'js-2'], null, 'keyboard'));
  expect(lifted()).toBe('true');
  act(() => store.lift(['js-1'], null, 'pointer'));
  expect(lifted()).toBe('false');
  act(() => store.lift(['js-2'], null, 'keyboard'));
  expect(lifted()).toBe('false');
});
