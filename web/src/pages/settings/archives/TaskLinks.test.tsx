import { screen } from '@testing-library/react';
import { expect, it } from 'vitest';

import { showLinked } from '../../../testing/console';
import { TaskLinks } from './TaskLinks';

it('leads to each task by its name', async () => {
  showLinked(<TaskLinks tasks={['load', 'report']} />);
  expect((await screen.findByRole('link', { name: 'report' })).getAttribute('href')).toBe('/tasks/report');
  expect(screen.getByText('load').parentElement?.textContent).toBe('load, report');
});

it('says that there is none', async () => {
  showLinked(<TaskLinks tasks={[]} />);
  expect(await screen.findByText('none')).toBeTruthy();
});

it('names five of many, and says how many more there are', async () => {
  showLinked(<TaskLinks tasks={['a', 'b', 'c', 'd', 'e', 'f', 'g']} />);
  expect(await screen.findAllByRole('link')).toHaveLength(5);
  expect(screen.getByText(/and 2 more$/)).toBeTruthy();
});
