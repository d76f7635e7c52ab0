import { screen, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showPart } from '../testing/console';
import { Page, Panel } from './Page';

it('names the window by the title, which is the heading too', () => {
  showPart(<Page title="Servers">all of them</Page>);
  expect(document.title).toBe('Servers · Segno');
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Servers');
});

it('shows a heading in place of the title, which names the window all the same', () => {
  showPart(
    <Page title="js-1" heading="The server js-1">
      its load
    </Page>,
  );
  expect(document.title).toBe('js-1 · Segno');
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('The server js-1');
});

it('shows what the page is about and what can be done there', () => {
  showPart(
    <Page title="Servers" about="Hosts that run jobs" actions={<button type="button">Add</button>}>
      all of them
    </Page>,
  );
  expect(screen.getByText('Hosts that run jobs')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Add' })).toBeTruthy();
});

it('puts the heading of a panel below that of its page, with its content and its actions', () => {
  const { container } = showPart(
    <Panel title="Next" actions={<a href="/runs">All runs</a>}>
      at two
    </Panel>,
  );
  const panel = within(container.querySelector('section') as HTMLElement);
  expect(panel.getByRole('heading', { level: 2 }).textContent).toBe('Next');
  expect(panel.getByRole('link', { name: 'All runs' })).toBeTruthy();
  expect(panel.getByText('at two')).toBeTruthy();
});
