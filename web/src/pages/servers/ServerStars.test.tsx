import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { serverOf } from '../../data/servers';
import { page, problem, showPart } from '../../testing/console';
import { aServer } from '../../testing/samples';
import { ServerStars } from './ServerStars';

it('asks for the terms of a rating only once one points at it', async () => {
  let asked = 0;
  showPart(<ServerStars server={serverOf(aServer())} />, {
    'POST /virtual-servers/preview': () => {
      asked++;
      return page();
    },
  });
  const rating = screen.getByText('96.0');
  expect(asked).toBe(0);
  await userEvent.hover(rating);
  expect(await screen.findByText(/^Rated 96\.0 of 100 by the preset recommended/)).toBeTruthy();
  await expect.poll(() => asked).toBe(1);
});

it('says that the terms could not be read', async () => {
  showPart(<ServerStars server={serverOf(aServer())} />, {
    'POST /virtual-servers/preview': () => problem(403, 'not allowed'),
  });
  await userEvent.hover(screen.getByText('96.0'));
  expect(await screen.findByText('not allowed')).toBeTruthy();
});

it('shows that there is no rating yet', () => {
  showPart(<ServerStars server={serverOf(aServer({ rating: null, stars: null }))} />);
  expect(screen.queryByText(/\d/)).toBeNull();
});
