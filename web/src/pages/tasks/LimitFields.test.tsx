import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { page } from '../../testing/console';
import { showFields } from '../../testing/form';
import { AttemptFields, FailureFields, LateFields, QueueFields, RetentionFields } from './LimitFields';

const choose = async (field: string, option: string) => {
  await userEvent.click(screen.getByRole('combobox', { name: field }));
  await userEvent.click(await screen.findByRole('option', { name: option }));
};
const type = (field: string, text: string) => userEvent.type(screen.getByLabelText(field), text);

it('writes what becomes of a run whose job fails by itself', async () => {
  const { spec } = showFields(<FailureFields />, {});
  await type('Further attempts', '3');
  await type('Time before the first', '30s');
  await choose('From', 'the last checkpoint');
  await userEvent.click(screen.getByRole('switch', { name: /^Pause its triggers/ }));
  expect(spec()).toEqual({
    retries: { max: 3, backoff: '30s', from: 'checkpoint' },
    pause_on_error: true,
  });
});

it('writes what an attempt may take and needs, and tells what holds where nothing is said', async () => {
  const { spec } = showFields(<AttemptFields />, {});
  expect(screen.getByLabelText('Longest time of an attempt').getAttribute('placeholder')).toBe('no limit');
  expect(screen.getByLabelText('Time to end by itself').getAttribute('placeholder')).toBe('10s');
  await type('Longest time of an attempt', '1h30m');
  await type('Output kept', '1MiB');
  await type('Cores', '2');
  await type('Memory', '1GiB');
  await type('Slots', '3');
  expect(spec()).toEqual({
    timeout: '1h30m',
    output_limit: '1MiB',
    resources: { cpu: 2, memory: '1GiB', slots: 3 },
  });
});

it('offers the concurrency groups that there are, of which a task may have several', async () => {
  const group = (name: string) => ({ name, max_concurrent: 2, active: 0, tasks: [], version: 1 });
  const { spec } = showFields(<QueueFields />, {
    answers: { 'GET /concurrency-groups': () => page(group('orders-db'), group('mail')) },
  });
  await userEvent.click(screen.getByRole('combobox', { name: 'Concurrency groups' }));
  await userEvent.click(await screen.findByRole('option', { name: 'orders-db' }));
  await userEvent.click(await screen.findByRole('option', { name: 'mail' }));
  await type('Priority', '-5');
  expect(spec()).toEqual({ concurrency_groups: ['orders-db', 'mail'], priority: -5 });
});

it('writes by when runs begin and end, on the clock of a zone', async () => {
  const { spec } = showFields(<LateFields />, {});
  await type('Begins within', '10m');
  await type('Ends by', '06:00');
  await userEvent.type(screen.getByRole('combobox', { name: 'On the clock of' }), 'Europe/Par');
  await userEvent.click(await screen.findByRole('option', { name: 'Europe/Paris' }));
  expect(spec()).toEqual({
    expect: { start_within: '10m', finish_by: '06:00', timezone: 'Europe/Paris' },
  });
});

it('writes how many runs are kept, where none at all is a number too', async () => {
  const { spec } = showFields(<RetentionFields />, {});
  await type('Newest runs', '0');
  await type('Their output for', '24h');
  expect(spec()).toEqual({ retention: { runs: 0, log_age: '24h' } });
});

it.each([
  ['retries.backoff', 'Time before the first', <FailureFields key="failure" />],
  ['resources.memory', 'Memory', <AttemptFields key="attempt" />],
  ['priority', 'Priority', <QueueFields key="queue" />],
  ['expect.start_by', 'Begins by', <LateFields key="late" />],
  ['retention.age', 'For', <RetentionFields key="retention" />],
])('puts what is refused of %s at its field', (path, field, fields) => {
  showFields(fields, { errors: { [path]: 'is odd' } });
  expect(screen.getByText('is odd')).toBeTruthy();
  expect(screen.getByLabelText(field).getAttribute('aria-invalid')).toBe('true');
});
