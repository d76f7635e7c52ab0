import { screen, waitFor, within } from '@testing-library/react';
import { expect, it } from 'vitest';

import { json, page, show, signedIn } from '../../testing/console';
import { aDelivery, aServer, aSummary } from '../../testing/samples';

const attention = () => document.getElementById('attention') as HTMLElement;

it('says that nothing is wrong only once it is known', async () => {
  let tell: (answer: Response) => void = () => undefined;
  const servers = new Promise<Response>((resolve) => (tell = resolve));
  show('/', { ...signedIn, 'GET /servers': () => servers });
  await screen.findByRole('heading', { level: 1, name: 'Overview' });
  expect(attention()).toBeNull();
  tell(page(aServer()));
  expect(await screen.findByText('Nothing needs attention.')).toBeTruthy();
});

it('lists ten servers at most, with the number of all and the way to them', async () => {
  const many = Array.from({ length: 12 }, (_, i) => aServer({ name: `js-${i}`, status: 'unavailable' }));
  show('/', { ...signedIn, 'GET /servers': () => page(...many) });
  await waitFor(() => expect(attention().querySelectorAll('[role=listitem]')).toHaveLength(11));
  const more = within(attention()).getAllByRole('listitem').at(-1);
  expect(more?.textContent).toBe('and 2 more:2 servers');
  const all = within(attention()).getByRole('link', { name: /^12 / });
  expect(all.getAttribute('href')).toContain('/servers');
});

it('tells that a channel gave up, with the reason and the way to its dead deliveries', async () => {
  show('/', {
    ...signedIn,
    'GET /summary': () => json(aSummary({ dead_deliveries: 3 })),
    'GET /notifications/deliveries': ({ url }) =>
      url.searchParams.get('state') === 'dead' ? page(aDelivery()) : page(),
  });
  expect(await screen.findByText(/“load failed” was not delivered: the receiver answers 500/)).toBeTruthy();
  expect(within(attention()).getByRole('link', { name: 'chat' }).getAttribute('href')).toBe(
    '/settings/notifications?tab=deliveries&state=dead&channel=chat',
  );
  const all = within(attention()).getByRole('link', { name: '3 dead deliveries' });
  expect(all.getAttribute('href')).toBe('/settings/notifications?tab=deliveries&state=dead');
});
