import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { plainWords } from './router';
import { problem, show, signedIn } from './testing/console';

it('says that there is nothing at an address, and leads to the overview', async () => {
  show('/nowhere', signedIn);
  expect(await screen.findByRole('heading', { name: 'Nothing here' })).toBeTruthy();
  expect(screen.getByRole('link', { name: 'To the overview' }).getAttribute('href')).toBe('/');
});

it('shows the way in, and no page, to who has not signed in', async () => {
  show('/servers', { ...signedIn, 'GET /session': () => problem(401, 'the request has no valid token') });
  expect(await screen.findByLabelText(/^Token/)).toBeTruthy();
  expect(screen.queryByRole('navigation')).toBeNull();
});

it('tells who cannot be asked whether one has signed in, and does not ask for the token then', async () => {
  show('/servers', { ...signedIn, 'GET /session': () => problem(403, 'the database is away') });
  expect(await screen.findByText(/the database is away/)).toBeTruthy();
  expect(screen.queryByLabelText(/^Token/)).toBeNull();
});

it('keeps filters in the address as plain words, and none that is empty', () => {
  expect(plainWords.stringifySearch({ state: 'failed', q: '', page: undefined })).toBe('?state=failed');
  expect(plainWords.stringifySearch({ q: '' })).toBe('');
  expect(plainWords.parseSearch('?state=failed&number=7')).toEqual({ state: 'failed', number: '7' });
});
