import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { showLinked } from '../../../testing/console';
import { AuditFilters, useAuditFilter } from './AuditFilters';

function Filters() {
  const filter = useAuditFilter();
  return <AuditFilters filter={filter} filtered={Object.values(filter).some((value) => value !== '')} />;
}

const user = userEvent.setup();
const inAddress = (text: string) => waitFor(() => expect(window.location.search).toBe(text));

it('keeps in the address whom, what and what to one looks for', async () => {
  showLinked(<Filters />);
  await user.type(await screen.findByRole('textbox', { name: 'Who' }), 'admin');
  await inAddress('?by=admin');
  await user.type(screen.getByRole('textbox', { name: 'To what' }), 'tasks/load');
  await inAddress('?by=admin&subject=tasks%2Fload');
  await user.click(screen.getByRole('combobox', { name: 'What was done' }));
  await user.click(await screen.findByRole('option', { name: 'drain server' }));
  await inAddress('?by=admin&subject=tasks%2Fload&act=drainServer');
});

it('shows what stands in the address, an act too that is not known here', async () => {
  showLinked(<Filters />, {}, '/?by=admin&act=paintServer&since=24h');
  const value = (element: HTMLElement) => (element as HTMLInputElement).value;
  expect(value(await screen.findByRole('textbox', { name: 'Who' }))).toBe('admin');
  expect(value(screen.getByRole('combobox', { name: 'What was done' }))).toBe('paint server');
  expect(value(screen.getByRole('combobox', { name: 'time' }))).toBe('last day');
});

it('lets all of it go at once, but nothing else in the address', async () => {
  showLinked(<Filters />, {}, '/?by=admin&until=2026-01-31T00%3A00%3A00Z&part=other');
  await user.click(await screen.findByRole('button', { name: 'Clear' }));
  await inAddress('?part=other');
  expect(screen.getByRole<HTMLInputElement>('textbox', { name: 'Who' }).value).toBe('');
  expect(screen.queryByRole('button', { name: 'Clear' })).toBeNull();
});
