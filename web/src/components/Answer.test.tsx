import { useQuery } from '@tanstack/react-query';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { showPart } from '../testing/console';
import { Answer } from './Answer';

function Shown({ ask }: { ask: () => Promise<string[]> }) {
  const query = useQuery({ queryKey: ['things'], queryFn: ask, retry: false });
  return (
    <Answer
      query={query}
      what="The things"
      empty={{ when: (all) => all.length === 0, text: 'There is none yet.' }}
    >
      {(all) => all.join(' and ')}
    </Answer>
  );
}

it('says that an answer is on its way, and shows it once it is here', async () => {
  let answer: (all: string[]) => void = () => undefined;
  showPart(<Shown ask={() => new Promise((resolve) => (answer = resolve))} />);
  expect(screen.getByRole('status', { name: 'The things: loading' })).toBeTruthy();
  answer(['one', 'two']);
  expect(await screen.findByText('one and two')).toBeTruthy();
  expect(screen.queryByRole('status')).toBeNull();
});

it('says where there is nothing', async () => {
  showPart(<Shown ask={() => Promise.resolve([])} />);
  expect(await screen.findByText('There is none yet.')).toBeTruthy();
});

it('says why it could not be had, and asks again when it is told to', async () => {
  let tries = 0;
  const ask = () => (++tries === 1 ? Promise.reject(new Error('the line is cut')) : Promise.resolve(['one']));
  showPart(<Shown ask={ask} />);
  expect(await screen.findByText('The things could not be read')).toBeTruthy();
  expect(screen.getByText('the line is cut')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('one')).toBeTruthy();
});
