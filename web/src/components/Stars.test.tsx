import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showPart } from '../testing/console';
import { Stars } from './Stars';

it('says a rating in words, with points of 100 and stars of five', () => {
  showPart(<Stars rating={{ points: 81.44, stars: 4 }} />);
  expect(screen.getByRole('img', { name: 'rated 81.4 of 100, 4 of 5 stars' })).toBeTruthy();
});

it('fills as many stars as there are, in halves', () => {
  showPart(<Stars rating={{ points: 50, stars: 2.5 }} />);
  expect(document.querySelector('clipPath rect')?.getAttribute('width')).toBe('37.5');
});

it('does not make up a rating for a server that has sent no sample', () => {
  showPart(<Stars rating={null} />);
  expect(screen.queryByRole('img')).toBeNull();
  expect(screen.getByTitle('No sample has come in yet')).toBeTruthy();
});
