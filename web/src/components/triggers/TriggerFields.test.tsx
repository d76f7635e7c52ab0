import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';

import type { Owner } from '../../data/triggers';
import { page } from '../../testing/console';
import { showFields } from '../../testing/form';
import { aServer, aVirtualServer } from '../../testing/samples';
import { KindFields, MoreFields } from './TriggerFields';

const owner: Owner = { kind: 'task', name: 'load' };
const answers = {
  'GET /servers': () => page(aServer()),
  'GET /virtual-servers': () => page(aVirtualServer()),
  'GET /tasks': () => page(...['load', 'extract'].map((name) => ({ name }))),
  'GET /calendars': () => page({ name: 'holidays' }),
};

async function choose(field: RegExp | string, option: string) {
  await userEvent.click(await screen.findByRole('combobox', { name: field }));
  await userEvent.click(await screen.findByRole('option', { name: option }));
}

it('writes a cron with its zone, and what a change of the clock does to it', async () => {
  const { spec } = showFields(<KindFields kind="cron" owner={owner} isNew />, {
    spec: { cron: '' },
    answers,
  });
  await userEvent.type(screen.getByRole('textbox', { name: 'Cron' }), '0 2 * * *');
  await choose('A time that the clock leaves out', 'is left out');
  await choose('A time that comes twice', 'runs twice');
  await userEvent.type(screen.getByRole('combobox', { name: 'Time zone' }), 'Europe/Par');
  await userEvent.click(await screen.findByRole('option', { name: 'Europe/Paris' }));
  expect(spec()).toEqual({
    cron: '0 2 * * *',
    in_gap: 'skip',
    in_overlap: 'twice',
    timezone: 'Europe/Paris',
  });
});

it('writes a length of time, and an instant', async () => {
  const { spec } = showFields(<KindFields kind="every" owner={owner} isNew />, { spec: { every: '' } });
  await userEvent.type(screen.getByRole('textbox', { name: 'Every' }), '90s');
  expect(spec()).toEqual({ every: '90s' });
});

describe('for files', () => {
  const first = { file: { server: '', path: '', mask: '*', on: 'created' } };

  it('is of one server or of all of a virtual server, and never of both', async () => {
    const { spec } = showFields(<KindFields kind="file" owner={owner} isNew />, { spec: first, answers });
    await choose(/^Job server/, 'js-1');
    expect(spec().file).toMatchObject({ server: 'js-1' });
    await userEvent.click(screen.getByRole('radio', { name: 'on all of a virtual server' }));
    await choose(/^Virtual server/, 'etl');
    expect(spec().file).toEqual({ virtual_server: 'etl', path: '', mask: '*', on: 'created' });
  });

  it('says what is looked for and how often', async () => {
    const { spec } = showFields(<KindFields kind="file" owner={owner} isNew />, { spec: first, answers });
    await userEvent.type(screen.getByRole('textbox', { name: 'Folder' }), '/data/in');
    await choose('When a file', 'is there, also from before');
    await userEvent.type(screen.getByLabelText('Levels of folders below'), '2');
    await userEvent.type(screen.getByLabelText('Looked for every'), '10s');
    expect(spec().file).toEqual({ ...first.file, path: '/data/in', on: 'exists', depth: 2, poll: '10s' });
  });

  it('shows what was refused of the whole', () => {
    showFields(<KindFields kind="file" owner={owner} isNew />, {
      spec: first,
      answers,
      errors: { file: 'needs a server' },
    });
    expect(screen.getByText('needs a server')).toBeTruthy();
  });
});

it('follows any other task, and not the task itself', async () => {
  const { spec } = showFields(<KindFields kind="after" owner={owner} isNew />, {
    spec: { after: { task: '', on: 'ok' } },
    answers,
  });
  await choose(/^Task/, 'extract');
  expect(screen.queryByRole('option', { name: 'load', hidden: true })).toBeNull();
  await choose(/^When it has/, 'failed, timed out or was lost');
  expect(spec()).toEqual({ after: { task: 'extract', on: 'error' } });
});

it('lets a plan follow any task', async () => {
  showFields(<KindFields kind="after" owner={{ kind: 'plan', name: 'load' }} isNew />, {
    spec: { after: { task: '', on: 'ok' } },
    answers,
  });
  await userEvent.click(await screen.findByRole('combobox', { name: /^Task/ }));
  expect(await screen.findByRole('option', { name: 'load' })).toBeTruthy();
});

it('says of a new webhook that its address is yet to be made', async () => {
  const { spec } = showFields(<KindFields kind="webhook" owner={owner} isNew />, {
    spec: { webhook: { signature: 'standard' } },
  });
  expect(screen.getByText(/^Its secret address is made once it is saved/)).toBeTruthy();
  await choose(/^How its callers sign/, 'GitHub (X-Hub-Signature-256)');
  expect(spec()).toEqual({ webhook: { signature: 'github' } });
});

describe('more', () => {
  const more = () => screen.getByRole('button', { name: /^More/ });

  it('is folded away until somebody wants it', async () => {
    const { spec } = showFields(<MoreFields kind="cron" />, { answers });
    expect(more().getAttribute('aria-expanded')).toBe('false');
    expect(screen.queryByLabelText('Calendar')).toBeNull();
    await userEvent.click(more());
    expect(more().getAttribute('aria-expanded')).toBe('true');
    await choose('Calendar', 'holidays');
    await userEvent.type(screen.getByLabelText('What it is for'), 'loads');
    expect(spec()).toEqual({ calendar: 'holidays', description: 'loads' });
  });

  it('is open where something is said there, or was refused', () => {
    showFields(<MoreFields kind="cron" />, { spec: { jitter: '5m' }, answers });
    expect(more().getAttribute('aria-expanded')).toBe('true');
  });

  it('opens by itself on what was refused', () => {
    showFields(<MoreFields kind="cron" />, { errors: { calendar: 'is unknown' }, answers });
    expect(screen.getByText('is unknown')).toBeTruthy();
  });

  it('tells of missed times to those that have times, and of the event to the others', () => {
    showFields(<MoreFields kind="file" />, { spec: { description: 'x' }, answers });
    expect(screen.queryByLabelText('Times that were missed')).toBeNull();
    expect(screen.getByText('${{ file.path }}')).toBeTruthy();
  });

  it('asks how old a missed time may be only where one is made up for', async () => {
    showFields(<MoreFields kind="every" />, { spec: { misfire: 'latest' }, answers });
    expect(screen.getByLabelText('If not older than')).toBeTruthy();
    await choose('Times that were missed', 'are left out');
    expect(screen.queryByLabelText('If not older than')).toBeNull();
  });
});
