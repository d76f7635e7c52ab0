import { screen, waitFor } from '@testing-library/react';
import { expect, it } from 'vitest';

import { emptyDraft, virtualServerOf } from '../../data/virtualServers';
import type { Draft } from '../../data/virtualServers';
import { page, problem, showPart } from '../../testing/console';
import type { Asked } from '../../testing/console';
import { aVirtualServer } from '../../testing/samples';
import { RatingPreview } from './RatingPreview';

const group = virtualServerOf(aVirtualServer({ members: ['js-1', 'js-2'] }));
const verdict = (server: string, rating: number | null, refused: string | null = null) => ({
  server,
  rating,
  score: rating,
  refused,
  refused_because: refused,
  terms: [],
  sample: null,
});

/** Ranks js-1 first by what is stored, and js-2 by anything else. */
const preview = ({ body }: Asked) => {
  const [draft] = (body as { virtual_servers: { name: string; description?: string }[] }).virtual_servers;
  const changed = (draft?.description ?? '') !== '';
  const [first, second] = changed ? ['js-2', 'js-1'] : ['js-1', 'js-2'];
  const capacity = { members: 2, taking: 2, slots: 8, slots_used: 0 };
  return page({
    name: draft?.name,
    placement: {
      at: '2026-01-31T09:05:00Z',
      chosen: first,
      reason: `${first} was chosen: highest rating`,
      candidates: [verdict(first, 90), verdict(second, null, 'is draining')],
      need: {},
    },
    before: capacity,
    after: capacity,
    stranded: [],
    queued: 0,
    could_start: 0,
    counted_in_part: false,
  });
};

const ranked = async () => {
  await screen.findByText(/was chosen/);
  return screen.getAllByRole('listitem').filter(({ dataset }) => dataset.rank);
};

it('ranks the members by what is written, with why, and who moved up or down', async () => {
  const draft: Draft = { ...group, description: 'changed' };
  showPart(<RatingPreview group={group} draft={draft} />, { 'POST /virtual-servers/preview': preview });
  expect(await screen.findByText('js-2 was chosen: highest rating')).toBeTruthy();
  expect((await ranked()).map(({ textContent }) => textContent.slice(0, 7))).toEqual(['1. js-2', '2. js-1']);
  expect(await screen.findByLabelText('1 up')).toBeTruthy();
  expect(screen.getByLabelText('1 down')).toBeTruthy();
  expect(screen.getByText('It is draining.')).toBeTruthy();
});

it('moves nobody where the draft is as it is stored', async () => {
  showPart(<RatingPreview group={group} draft={group} />, { 'POST /virtual-servers/preview': preview });
  expect(await ranked()).toHaveLength(2);
  expect(screen.queryByLabelText(/ up$| down$/)).toBeNull();
});

it('says that there is nobody to rank, and asks nothing', async () => {
  let asked = 0;
  showPart(<RatingPreview group={null} draft={emptyDraft} />, {
    'POST /virtual-servers/preview': () => {
      asked++;
      return page();
    },
  });
  expect(screen.getByText(/It has no members yet/)).toBeTruthy();
  await waitFor(() => expect(asked).toBe(0));
});

it('says why it could not rank them', async () => {
  showPart(<RatingPreview group={null} draft={{ ...group, name: '' }} />, {
    'POST /virtual-servers/preview': () => problem(422, 'the weight is wrong'),
  });
  expect(await screen.findByText('the weight is wrong')).toBeTruthy();
});
