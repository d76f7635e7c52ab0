import { expect, it } from 'vitest';

import { showPart } from '../../testing/console';
import { Labels } from './Labels';

it('shows each label as a word, and nothing at all where there are none', () => {
  const { container, unmount } = showPart(<Labels labels={{ disk: 'fast', gpu: '' }} />);
  expect([...container.querySelectorAll('span')].map((word) => word.textContent)).toEqual([
    'disk=fast',
    'gpu',
  ]);
  unmount();
  expect(showPart(<Labels labels={{}} />).container.querySelector('span')).toBeNull();
});
