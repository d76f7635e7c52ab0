import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';

import { json, page, show, signedIn } from '../../../testing/console';
import type { Answers } from '../../../testing/console';
import { aPlan } from '../../../testing/samples';

const task = (name: string, params = {}) => ({
  name,
  target: { virtual_server: 'etl' },
  job: { command: ['true'] },
  params,
  version: 1,
  created_at: '2026-01-31T08:00:00Z',
  updated_at: '2026-01-31T08:00:00Z',
  last_run: null,
});

const known: Answers = {
  ...signedIn,
  'GET /tasks': () => page(task('extract-orders'), task('report-orders')),
  'GET /tasks/extract-orders': () => json(task('extract-orders')),
  'GET /tasks/report-orders': () => json(task('report-orders', { rows: '0' })),
};

interface Sent {
  body: unknown;
  version: string | null;
}

function edit(more: Answers = {}, plan = aPlan({ params: { date: 'today' } })) {
  const sent: Sent[] = [];
  show('/plans/nightly?part=edit', {
    ...known,
    'GET /plans/nightly': () => json(plan),
    'PATCH /plans/nightly': ({ body, headers }) => {
      sent.push({ body, version: headers.get('If-Match') });
      return json({ ...plan, ...(body as object), version: 2 });
    },
    ...more,
  });
  return sent;
}

const yaml = () => screen.getByLabelText<HTMLTextAreaElement>('YAML');
const key = (element: HTMLElement, name: string, shiftKey = false) =>
  fireEvent.keyDown(element, { key: name, shiftKey });
const node = (name: string) => screen.findByRole('button', { name: new RegExp(`^Node ${name},`) });

describe('the editor of a plan', () => {
  it('renames a node wherever it is spoken of, and saves what differs', async () => {
    const sent = edit();
    const user = userEvent.setup();
    await user.click(await node('extract'));
    const name = within(screen.getByRole('region', { name: 'Details' })).getByLabelText('Name');
    await user.clear(name);
    await user.type(name, 'report');
    expect(screen.getByText('is the name of another node or group')).toBeTruthy();
    expect(yaml().value).toContain('name: extract');
    await user.clear(name);
    await user.type(name, 'read{Enter}');
    expect(yaml().value).toContain('from: read');
    expect(await node('read')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]).toEqual({
      body: {
        nodes: [
          { name: 'read', task: 'extract-orders' },
          { name: 'report', task: 'report-orders' },
        ],
        edges: [{ from: 'read', to: 'report' }],
      },
      version: '"1"',
    });
  });

  it('draws what the YAML says, also while that is half written', async () => {
    edit();
    const user = userEvent.setup();
    await node('extract');
    fireEvent.change(yaml(), {
      target: { value: 'name: nightly\nnodes:\n  - name: alone\n  - {name: b, task: t}\nedges: soon\n' },
    });
    expect(await screen.findByRole('button', { name: 'Node alone, task none' })).toBeTruthy();
    expect(screen.getByText('No edge joins b with the rest')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    expect(await node('extract')).toBeTruthy();
  });

  it('is used by keyboard: the arrows lead on, C connects, Delete removes, and each is spoken', async () => {
    edit();
    const user = userEvent.setup();
    const extract = await node('extract');
    extract.focus();
    key(extract, 'ArrowRight');
    const edge = screen.getByRole('button', { name: 'Edge from extract to report, on ok' });
    expect(document.activeElement).toBe(edge);
    key(edge, 'Delete');
    expect(await screen.findByText('The edge from extract to report is removed')).toBeTruthy();
    expect(yaml().value).not.toContain('edges');
    await waitFor(() => expect(document.activeElement).toBe(extract));

    key(extract, 'c');
    const dialog = await screen.findByRole('dialog', { name: 'Connect extract to…' });
    await user.click(within(dialog).getByRole('combobox'));
    await user.click(await screen.findByRole('option', { name: 'report' }));
    await user.click(within(dialog).getByText('after'));
    await user.click(within(dialog).getByRole('button', { name: 'Connect' }));
    expect(await screen.findByText('report follows extract after')).toBeTruthy();
    expect(yaml().value).toContain('on: after');
  });

  it('marks what was refused at its node and at the edges of a cycle, and leads there', async () => {
    const plan = aPlan({
      edges: [
        { from: 'extract', to: 'report' },
        { from: 'report', to: 'extract', on: 'error' },
      ],
    });
    edit(
      {
        'PATCH /plans/nightly': () =>
          json(
            {
              title: 'Invalid',
              status: 422,
              detail: 'no',
              errors: [
                { field: 'nodes[1].task', reason: '"report-orders" does not exist' },
                { field: 'edges[0]', reason: 'closes a cycle: extract → report → extract' },
              ],
            },
            422,
          ),
      },
      plan,
    );
    const user = userEvent.setup();
    expect(await screen.findByText('A cycle: extract → report → extract')).toBeTruthy();
    await user.type(screen.getByLabelText('Description'), 'x');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findAllByRole('button', { name: /^Edge .*refused: closes a cycle/ })).toHaveLength(2);
    expect(
      await screen.findByRole('button', { name: /^Node report, .*refused: "report-orders"/ }),
    ).toBeTruthy();
    const [first] = screen.getAllByRole('button', { name: 'Show' });
    await user.click(first as HTMLElement);
    expect(screen.getByRole('heading', { name: 'Node report' })).toBeTruthy();
  });

  it('fills in outputs of nodes that come before, by the names that their tasks gave last', async () => {
    edit({
      'GET /runs': ({ url }) =>
        url.searchParams.get('task') === 'extract-orders' ? page({ outputs: { rows: '12' } }) : page(),
    });
    const user = userEvent.setup();
    await user.click(await node('report'));
    await user.click(await screen.findByRole('button', { name: 'What can be filled in for rows' }));
    expect(await screen.findByRole('menuitem', { name: 'date' })).toBeTruthy();
    await user.click(await screen.findByRole('menuitem', { name: 'extract: rows' }));
    expect(screen.getByLabelText<HTMLInputElement>('rows').value).toBe('${{ nodes.extract.outputs.rows }}');
    expect(yaml().value).toContain('rows: ${{ nodes.extract.outputs.rows }}');
  });

  it('says how many runs of the plan there are at once, and what becomes of a further one', async () => {
    const sent = edit();
    const user = userEvent.setup();
    await node('extract');
    await user.type(screen.getByLabelText('Runs at once'), '1');
    await user.click(screen.getByRole('combobox', { name: 'When that many run' }));
    await user.click(await screen.findByRole('option', { name: 'it replaces the oldest' }));
    expect(yaml().value).toContain('max_concurrent: 1\nwhen_busy: replace');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]?.body).toEqual({ max_concurrent: 1, when_busy: 'replace' });
  });

  it('says how many runs of the plan may wait, and for how long', async () => {
    const sent = edit();
    const user = userEvent.setup();
    await node('extract');
    await user.type(screen.getByLabelText('Runs at once'), '1');
    await user.type(screen.getByLabelText('Runs that wait'), '3');
    await user.type(screen.getByLabelText('Longest time in the queue'), '30m');
    expect(yaml().value).toContain('max_concurrent: 1\nmax_queued: 3\nmax_queue_time: 30m');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]?.body).toEqual({ max_concurrent: 1, max_queued: 3, max_queue_time: '30m' });
  });

  it('puts a node into a new group, and says how many of its nodes run at once', async () => {
    edit();
    const user = userEvent.setup();
    await user.click(await node('report'));
    await user.click(screen.getByRole('button', { name: 'Group report' }));
    expect(await screen.findByRole('heading', { name: 'Group group' })).toBeTruthy();
    await user.type(screen.getByLabelText('At most at once'), '2');
    expect(yaml().value).toContain('limit: 2');
    expect(yaml().value).toContain('to: group');
    expect(await screen.findByRole('button', { name: 'Group group, 2 at once, nodes report' })).toBeTruthy();
  });
});
