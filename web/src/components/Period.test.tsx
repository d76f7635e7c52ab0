import { fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { showLinked } from '../testing/console';
import { Period } from './Period';
import { useFilter } from './useFilter';

function Place() {
  const [since] = useFilter('since');
  const [until] = useFilter('until');
  return <Period since={since} until={until} what="Asked for" />;
}

const search = () => Object.fromEntries(new URLSearchParams(window.location.search));
const choose = async (name: string) => {
  await userEvent.click(await screen.findByRole('combobox', { name: 'time' }));
  await userEvent.click(await screen.findByRole('option', { name }));
};

it('keeps a length of time up to now in the address, beside what stands there', async () => {
  showLinked(<Place />, {}, '/runs?task=load');
  await choose('last day');
  await waitFor(() => expect(search()).toEqual({ task: 'load', since: '24h' }));
  expect(screen.queryByLabelText(/^Asked for from/)).toBeNull();
});

it('asks for two instants in the browser’s zone', async () => {
  showLinked(<Place />, {}, '/runs');
  await choose('from … to …');
  fireEvent.change(await screen.findByLabelText(/^Asked for from, in your zone /), {
    target: { value: '2026-01-31T09:05' },
  });
  await waitFor(() => expect(search()).toEqual({ since: new Date('2026-01-31T09:05').toISOString() }));
  fireEvent.change(screen.getByLabelText(/^Asked for before/), { target: { value: '2026-01-31T10:00' } });
  await waitFor(() => expect(search().until).toBe(new Date('2026-01-31T10:00').toISOString()));
  await choose('last hour');
  await waitFor(() => expect(search()).toEqual({ since: '1h' }));
});

it('shows two instants that stand in the address', async () => {
  showLinked(<Place />, {}, '/runs?since=2026-01-31T09:05:00.000Z');
  const time = await screen.findByRole<HTMLInputElement>('combobox', { name: 'time' });
  expect(time.value).toBe('from … to …');
  expect(screen.getByLabelText<HTMLInputElement>(/^Asked for from/).value).not.toBe('');
});
