import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { json, page, show, signedIn } from '../../testing/console';
import type { WirePause, WireTrigger } from '../../data/wire';
import { aPlan, aTrigger, aVirtualServer } from '../../testing/samples';

const ofPlan = {
  ...signedIn,
  'GET /plans/nightly': () => json(aPlan()),
  'GET /plans/nightly/triggers': () =>
    page(
      aTrigger({
        name: 'at-two',
        plan: 'nightly',
        task: null,
        cron: '0 2 * * *',
        timezone: 'Europe/Paris',
        last: {
          decided_at: '2026-01-31T01:00:00Z',
          event: null,
          plan: 'nightly',
          reason: '',
          run: '01JP',
          scheduled_for: '2026-01-31T01:00:00Z',
          task: null,
          trigger: 'at-two',
        },
      }),
    ),
};

const ofTask = {
  ...signedIn,
  'GET /calendars': () => page(),
  'GET /tasks/load': () =>
    json({
      name: 'load',
      target: { virtual_server: 'etl' },
      job: { command: ['true'] },
      version: 1,
      created_at: '2026-01-31T08:00:00Z',
      updated_at: '2026-01-31T08:00:00Z',
    }),
  'POST /triggers/preview': () => page(),
};

const hook = aTrigger({
  name: 'called',
  kind: 'webhook',
  task: 'load',
  webhook: { signature: 'standard' },
});

it('shows the triggers of a plan in words, each with the plan run that it asked for last', async () => {
  show('/plans/nightly?part=triggers', ofPlan);
  const list = await screen.findByRole('list', { name: 'Triggers' });
  expect(within(list).getByText('at 02:00 (Europe/Paris)')).toBeTruthy();
  expect(within(list).getByRole('link').getAttribute('href')).toBe('/plans/nightly/runs/01JP');
});

it('gives a plan a trigger, with its next times as the conductor tells them for the plan', async () => {
  const sent: unknown[] = [];
  show('/plans/nightly?part=triggers', {
    ...ofPlan,
    'POST /triggers/preview': ({ url }) =>
      url.searchParams.get('plan') === 'nightly'
        ? page({ scheduled_for: '2026-02-01T01:00:00Z', local: '2026-02-01 02:00', due: true, note: '' })
        : page(),
    'POST /plans/nightly/triggers': ({ body }) => {
      sent.push(body);
      return json(aTrigger({ name: 'late', plan: 'nightly', task: null, every: '1h' }), 201);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Add a trigger…' }));
  const form = await screen.findByRole('dialog', { name: 'A trigger for nightly' });
  await within(form).findByText('2026-02-01 02:00');
  await user.type(within(form).getByLabelText(/Name/), 'late');
  await user.click(within(form).getByText('every so often'));
  await user.click(within(form).getByRole('button', { name: 'Add the trigger' }));
  await waitFor(() => expect(sent).toEqual([expect.objectContaining({ name: 'late', every: '10m' })]));
});

const address = 'https://jobs.example/hooks/abc';

it('makes the address of a new webhook once it is saved, and shows it that one time', async () => {
  const sent: unknown[] = [];
  let made = false;
  show('/tasks/load?part=triggers', {
    ...ofTask,
    'GET /tasks/load/triggers': () => page(...(made ? [hook] : [])),
    'POST /tasks/load/triggers': ({ body }) => {
      made = true;
      sent.push(body);
      return json(hook, 201);
    },
    'GET /tasks/load/triggers/called/webhook': () =>
      json({ made_at: null, has_signing_key: false, refused: 0, refused_at: null }),
    'POST /tasks/load/triggers/called/webhook-secrets': ({ body }) => {
      sent.push(body);
      return json({ url: address, path: '/hooks/abc', signing_key: 'whsec_c2VjcmV0' }, 201);
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Add a trigger…' }));
  const form = await screen.findByRole('dialog', { name: 'A trigger for load' });
  await user.type(within(form).getByLabelText(/^Name/), 'called');
  await user.click(within(form).getByText('when called'));
  await user.click(within(form).getByRole('button', { name: 'Add the trigger' }));
  const dialog = await screen.findByRole('dialog', { name: 'How called is called' });
  expect(sent).toEqual([{ name: 'called', webhook: { signature: 'standard' } }]);
  await user.click(await within(dialog).findByRole('button', { name: 'Make the address' }));
  expect(await within(dialog).findByText(address)).toBeTruthy();
  expect(within(dialog).getByText('whsec_c2VjcmV0')).toBeTruthy();
  expect(within(dialog).getAllByRole('button', { name: 'Copy' })).toHaveLength(2);
  expect(sent[1]).toEqual({});
  await user.click(within(dialog).getByRole('button', { name: 'I have them' }));
  await waitFor(() => expect(screen.queryByText(address)).toBeNull());
});

it('keeps of a webhook what is not made anew, and takes the key of who calls', async () => {
  const sent: unknown[] = [];
  show('/tasks/load?part=triggers', {
    ...ofTask,
    'GET /tasks/load/triggers': () => page(hook),
    'GET /tasks/load/triggers/called/webhook': () =>
      json({ made_at: '2026-01-31T08:00:00Z', has_signing_key: true, refused: 3, refused_at: null }),
    'POST /tasks/load/triggers/called/webhook-secrets': ({ body }) => {
      sent.push(body);
      return json(
        {
          status: 422,
          detail: 'no',
          errors: [{ field: 'signing_key', reason: 'must be at least 16 bytes' }],
        },
        422,
      );
    },
  });
  const user = userEvent.setup();
  expect(await screen.findByText(/3 refused for a wrong signature/)).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'What can be done with called' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Address and key…' }));
  const dialog = await screen.findByRole('dialog', { name: 'How called is called' });
  await user.click(await within(dialog).findByLabelText('Make a new key of the signature'));
  await user.type(within(dialog).getByLabelText('Key of the signature'), 'short');
  await user.click(within(dialog).getByRole('button', { name: 'Make it anew' }));
  expect(await within(dialog).findByText('must be at least 16 bytes')).toBeTruthy();
  expect(sent).toEqual([{ keep_address: true, signing_key: 'short' }]);
});

it('writes a trigger for files on all servers of a group, and puts what is refused at its field', async () => {
  const sent: unknown[] = [];
  show('/tasks/load?part=triggers', {
    ...ofTask,
    'GET /tasks/load/triggers': () => page(),
    'GET /virtual-servers': () => page(aVirtualServer({ name: 'etl' })),
    'POST /tasks/load/triggers': ({ body }) => {
      sent.push(body);
      return json(
        { status: 422, detail: 'no', errors: [{ field: 'file.path', reason: 'must be absolute' }] },
        422,
      );
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Add a trigger…' }));
  const form = await screen.findByRole('dialog', { name: 'A trigger for load' });
  await user.type(within(form).getByLabelText(/^Name/), 'in');
  await user.click(within(form).getByText('for files'));
  await user.click(within(form).getByText('on all of a virtual server'));
  await user.click(within(form).getByRole('combobox', { name: /^Virtual server/ }));
  await user.click(await screen.findByRole('option', { name: 'etl' }));
  await user.type(within(form).getByLabelText(/^Folder/), 'in');
  await user.clear(within(form).getByLabelText('Names'));
  await user.type(within(form).getByLabelText('Names'), '*.csv');
  await user.click(within(form).getByRole('button', { name: 'Add the trigger' }));
  await waitFor(() =>
    expect(
      within(form)
        .getByLabelText(/^Folder/)
        .getAttribute('aria-invalid'),
    ).toBe('true'),
  );
  expect(sent).toEqual([
    { name: 'in', file: { virtual_server: 'etl', path: 'in', mask: '*.csv', on: 'created' } },
  ]);
  expect(within(form).getByText('when a file *.csv appears in in on the servers of etl')).toBeTruthy();
});

it('pauses one trigger with a reason, says who did and why, and resumes it', async () => {
  const asked: unknown[] = [];
  let pause: WireTrigger['pause'] = null;
  const one = () => aTrigger({ name: 'hourly', task: 'load', kind: 'every', every: '1h', pause });
  show('/tasks/load?part=triggers', {
    ...ofTask,
    'GET /tasks/load/triggers': () => page(one()),
    'POST /tasks/load/triggers/hourly/pause': ({ body }) => {
      asked.push(body);
      const { reason } = body as { reason: string };
      pause = { level: 'trigger', task: null, plan: null, reason, by: 'admin', at: '2026-01-31T08:00:00Z' };
      return json(one());
    },
    'POST /tasks/load/triggers/hourly/resume': () => {
      pause = null;
      return json(one());
    },
  });
  const user = userEvent.setup();
  const act = async (name: string) => {
    await user.click(await screen.findByRole('button', { name: 'What can be done with hourly' }));
    await user.click(await screen.findByRole('menuitem', { name }));
  };
  await act('Pause…');
  await user.type(await screen.findByLabelText('Why'), 'the disk is full');
  await user.click(screen.getByRole('button', { name: 'Pause' }));
  expect(await screen.findByText(/^paused by admin, .*: the disk is full$/)).toBeTruthy();
  expect(asked).toEqual([{ reason: 'the disk is full' }]);
  await act('Resume');
  await waitFor(() => expect(screen.queryByText(/the disk is full/)).toBeNull());
});

it('pauses all triggers of a task, and lets one resume them and those of all', async () => {
  let pauses: WirePause[] = [
    {
      level: 'all',
      task: null,
      plan: null,
      reason: 'the database moves',
      by: 'ops',
      at: '2026-01-31T08:00:00Z',
    },
  ];
  show('/tasks/load?part=triggers', {
    ...ofTask,
    'GET /tasks/load/triggers': () => page(aTrigger({ task: 'load' })),
    'GET /pauses': () => page(...pauses),
    'POST /triggers/resume': () => {
      pauses = pauses.filter(({ level }) => level !== 'all');
      return page(...pauses);
    },
    'POST /tasks/load/pause': () => {
      pauses.push({
        level: 'owner',
        task: 'load',
        plan: null,
        reason: '',
        by: 'admin',
        at: '2026-01-31T08:00:00Z',
      });
      return page(...pauses);
    },
  });
  const user = userEvent.setup();
  expect(await screen.findByText(/^All triggers are paused by ops: the database moves/)).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Resume all triggers' }));
  await waitFor(() => expect(screen.queryByText(/the database moves/)).toBeNull());
  await user.click(screen.getByRole('button', { name: 'Pause all of this task…' }));
  await user.click(await screen.findByRole('button', { name: 'Pause' }));
  expect(await screen.findByRole('button', { name: 'Resume the triggers of load' })).toBeTruthy();
  expect(screen.getByText(/^The triggers of load are paused by admin/)).toBeTruthy();
});
