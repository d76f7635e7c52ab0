import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { page, problem, showPart } from '../../testing/console';
import { happened, HistoryOfServer } from './HistoryOfServer';

it('says that nothing has happened to a server yet', async () => {
  showPart(<HistoryOfServer server="js-1" />, { 'GET /events': () => page() });
  expect(await screen.findByText('Nothing has happened to it yet.')).toBeTruthy();
});

it('says that the history could not be read', async () => {
  showPart(<HistoryOfServer server="js-1" />, { 'GET /events': () => problem(403, 'not for you') });
  expect(await screen.findByText('The history could not be read')).toBeTruthy();
});

it('says a kind of event in words', () => {
  expect(happened('server.declared_dead')).toBe('declared dead');
});
