import { expect, it } from 'vitest';

import { aVirtualServer } from '../testing/samples';
import { virtualServerOf } from './virtualServers';

it('a virtual server without members or selection is best-rated and empty', () => {
  expect(virtualServerOf(aVirtualServer({ members: null }))).toMatchObject({
    members: [],
    selection: 'best-rated',
    active: true,
  });
});
