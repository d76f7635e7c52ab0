import { act, screen, waitFor } from '@testing-library/react';
import { useQuery } from '@tanstack/react-query';
import { expect, it } from 'vitest';

import { virtualServers } from '../../data/virtualServers';
import { page, problem, showPart } from '../../testing/console';
import { aVirtualServer } from '../../testing/samples';
import { strandedBy, useMover } from './useMover';
import type { Mover } from './useMover';

const toReports = { servers: ['js-1'], from: 'etl', to: 'reports', position: null };

/** Shows the members of the groups. Returns what moves them once they are known. */
async function showGroups(answers: Parameters<typeof showPart>[1]) {
  let mover: Mover = () => Promise.resolve();
  function Groups() {
    const groups = useQuery(virtualServers).data ?? [];
    mover = useMover().move;
    return groups.map(({ name, members }) => <p key={name}>{`${name}: ${members.join(', ')}`}</p>);
  }
  showPart(<Groups />, {
    'GET /virtual-servers': () => page(aVirtualServer(), aVirtualServer({ name: 'reports', members: [] })),
    ...answers,
  });
  await screen.findByText('etl: js-1');
  return mover;
}

it('does nothing where the effect cannot be foretold, and says so', async () => {
  const asked: string[] = [];
  const move = await showGroups({
    'POST /virtual-servers/preview': () => problem(422, 'no such server'),
    'PUT /virtual-servers/reports/members/js-1': ({ url }) => {
      asked.push(url.pathname);
      return problem(500, 'never');
    },
  });
  await act(() => move(toReports));
  expect(await screen.findByText(/could not be foretold, and nothing was done/)).toBeTruthy();
  expect(asked).toEqual([]);
});

it('puts everything back where a step is refused, and says why', async () => {
  const move = await showGroups({
    'POST /virtual-servers/preview': () => page(),
    'PUT /virtual-servers/reports/members/js-1': () => problem(409, 'the group is locked'),
  });
  await act(() => move(toReports));
  expect(await screen.findByText('js-1: etl → reports: it could not be done')).toBeTruthy();
  expect(screen.getByText('the group is locked')).toBeTruthy();
  await waitFor(() => expect(screen.getByText('etl: js-1')).toBeTruthy());
});

it('asks nothing about a move that changes nothing', async () => {
  let asked = 0;
  const move = await showGroups({
    'POST /virtual-servers/preview': () => {
      asked++;
      return page();
    },
  });
  await act(() => move({ servers: ['js-1'], from: null, to: 'etl', position: null }));
  expect(asked).toBe(0);
});

it('names each stranded task once, in order', () => {
  const stranding = (stranded: string[]) =>
    ({ stranded }) as unknown as Parameters<typeof strandedBy>[0][number];
  expect(strandedBy([stranding(['b', 'a']), stranding(['a'])])).toEqual(['a', 'b']);
});
