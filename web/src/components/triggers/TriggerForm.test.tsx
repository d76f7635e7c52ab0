import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { triggerOf } from '../../data/triggers';
import type { Owner, Trigger } from '../../data/triggers';
import { json, page, problem, showLinked } from '../../testing/console';
import type { Answers } from '../../testing/console';
import { aTrigger } from '../../testing/samples';
import { TriggerForm } from './TriggerForm';

const owner: Owner = { kind: 'task', name: 'load' };

function showForm(trigger: Trigger | null, answers: Answers = {}) {
  const close = vi.fn();
  const onSaved = vi.fn();
  showLinked(<TriggerForm owner={owner} trigger={trigger} close={close} onSaved={onSaved} />, {
    'GET /calendars': () => page(),
    'POST /triggers/preview': () =>
      page(
        { scheduled_for: '2026-03-29T00:30:00Z', local: '2026-03-29 02:30', due: true, note: '' },
        { scheduled_for: '2026-03-30T00:30:00Z', local: '2026-03-30 02:30', due: false, note: 'left out' },
      ),
    ...answers,
  });
  return { close, onSaved };
}

it('begins a new trigger by the clock, in words and with its next times and what is odd about them', async () => {
  showForm(null);
  const form = within(await screen.findByRole('dialog', { name: 'A trigger for load' }));
  expect(form.getByRole('radio', { name: 'by the clock' })).toHaveProperty('checked', true);
  expect(form.getByText(/^at 02:30/)).toBeTruthy();
  const times = within(await form.findByRole('list', { name: 'Next times' }));
  expect(await times.findByText('2026-03-29 02:30')).toBeTruthy();
  expect(times.getByText('left out')).toBeTruthy();
});

it('tells at once what is wrong with a time that is being written', async () => {
  showForm(null, {
    'POST /triggers/preview': () =>
      json({ status: 422, detail: 'no', errors: [{ field: 'cron', reason: 'has no fifth field' }] }, 422),
  });
  expect(await screen.findByText('has no fifth field')).toBeTruthy();
});

it('says where no time is left', async () => {
  showForm(null, { 'POST /triggers/preview': () => page() });
  expect(await screen.findByText('It is not due any more.')).toBeTruthy();
});

it('adds a trigger of another kind, without what only the clock has', async () => {
  const sent: unknown[] = [];
  const { close, onSaved } = showForm(null, {
    'POST /tasks/load/triggers': ({ body }) => {
      sent.push(body);
      return json(aTrigger({ name: 'often' }), 201);
    },
  });
  await userEvent.type(await screen.findByRole('textbox', { name: 'Name' }), 'often');
  await userEvent.click(screen.getByRole('radio', { name: 'every so often' }));
  expect(screen.getByText(/^every 10m/)).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Add the trigger' }));
  expect(await screen.findByText('often is saved')).toBeTruthy();
  expect(sent).toEqual([{ name: 'often', every: '10m' }]);
  expect(close).toHaveBeenCalledOnce();
  expect(onSaved).toHaveBeenCalledWith(expect.objectContaining({ name: 'often' }));
});

it('sends of a trigger that is edited what has changed, under its version, and cannot rename it', async () => {
  const sent: unknown[] = [];
  showForm(triggerOf(aTrigger({ name: 'hourly', kind: 'every', every: '1h', version: 3 })), {
    'PATCH /tasks/load/triggers/hourly': ({ body, headers }) => {
      sent.push(body, headers.get('If-Match'));
      return json(aTrigger({ name: 'hourly' }));
    },
  });
  const form = within(await screen.findByRole('dialog', { name: 'Edit hourly' }));
  expect(form.queryByRole('textbox', { name: 'Name' })).toBeNull();
  const every = form.getByRole('textbox', { name: 'Every' });
  await userEvent.clear(every);
  await userEvent.type(every, '2h');
  await userEvent.click(form.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(sent).toEqual([{ every: '2h' }, '"3"']));
});

it('stays open where it is refused, and shows why at the field and below', async () => {
  const { close } = showForm(null, {
    'POST /tasks/load/triggers': () =>
      json({ status: 422, detail: 'no', errors: [{ field: 'name', reason: 'is taken' }] }, 422),
  });
  await userEvent.type(await screen.findByRole('textbox', { name: 'Name' }), 'x{Enter}');
  const alert = await screen.findByRole('alert', { name: 'It was refused' });
  expect(alert.textContent).toContain('name is taken');
  expect(screen.getByRole('textbox', { name: 'Name' }).getAttribute('aria-invalid')).toBe('true');
  expect(close).not.toHaveBeenCalled();
});

it('tells what no field is to blame for', async () => {
  showForm(null, { 'POST /tasks/load/triggers': () => problem(409, 'load has 100 triggers already') });
  await userEvent.type(await screen.findByRole('textbox', { name: 'Name' }), 'x{Enter}');
  expect(await screen.findByText('load has 100 triggers already')).toBeTruthy();
});
