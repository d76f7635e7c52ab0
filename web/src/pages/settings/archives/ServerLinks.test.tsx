import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showLinked } from '../../../testing/console';
import { ServerLinks } from './ServerLinks';

it('leads to each job server, whatever its name', async () => {
  showLinked(<ServerLinks servers={['js-1', 'a/b']} />);
  expect((await screen.findByRole('link', { name: 'js-1' })).getAttribute('href')).toBe('/servers/js-1');
  expect(screen.getByRole('link', { name: 'a/b' }).getAttribute('href')).toBe('/servers/a%2Fb');
  expect(screen.queryByText(/more/)).toBeNull();
});

it('names twelve of many, and says how many more there are', async () => {
  showLinked(<ServerLinks servers={Array.from({ length: 500 }, (_, i) => `js-${i}`)} />);
  expect(await screen.findAllByRole('link')).toHaveLength(12);
  expect(screen.getByText(/and 488 more$/)).toBeTruthy();
});
