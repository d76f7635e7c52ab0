import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showLinked } from '../../testing/console';
import { SettingsPage } from './SettingsPage';
import { subjects } from './subjects';

const page = (
  <SettingsPage title="Calendars" about="Days and hours." actions={<button>New calendar</button>}>
    The list
  </SettingsPage>
);
const links = async () =>
  within(await screen.findByRole('navigation', { name: 'Settings' })).getAllByRole('link');

it('shows the page below the way to all settings and to each subject', async () => {
  showLinked(page, {}, '/settings/calendars');
  const ways = (await links()).map((link) => link.getAttribute('href'));
  expect(ways).toEqual(['/settings', ...subjects.map(({ to }) => to)]);
  expect(screen.getByRole('heading', { level: 1, name: 'Calendars' })).toBeTruthy();
  for (const text of ['Days and hours.', 'The list', 'New calendar']) {
    expect(screen.getByText(text)).toBeTruthy();
  }
});

it.each(['/settings/calendars', '/settings/calendars/holidays'])(
  'marks the subject of %s alone',
  async (at) => {
    showLinked(page, {}, at);
    const current = (await links()).filter((link) => link.getAttribute('aria-current') === 'page');
    expect(current.map((link) => link.getAttribute('href'))).toContain('/settings/calendars');
    expect(current.map((link) => link.textContent)).not.toContain('Retention');
  },
);
