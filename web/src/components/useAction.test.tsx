import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { showPart } from '../testing/console';
import { done } from './notices';
import { useAction } from './useAction';

function Thing({ act, undo }: { act: () => Promise<string>; undo?: () => Promise<unknown> }) {
  const action = useAction(act, {
    failure: 'It could not be done',
    changes: [['reads']],
    onDone: (result) => done(result, undo),
  });
  return <Button onClick={() => action.mutate(undefined)}>Do it</Button>;
}

function Reads({ count }: { count: () => number }) {
  const { data } = useQuery({ queryKey: ['reads'], queryFn: () => Promise.resolve(count()) });
  return <output>{data}</output>;
}

it('asks again for what it has changed, says so, and takes it back by Undo', async () => {
  let reads = 0;
  let undone = false;
  showPart(
    <>
      <Reads count={() => ++reads} />
      <Thing act={() => Promise.resolve('js-1 is drained')} undo={() => Promise.resolve((undone = true))} />
    </>,
  );
  expect(await screen.findByText('1')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Do it' }));
  expect(await screen.findByText('js-1 is drained')).toBeTruthy();
  expect(await screen.findByText('2')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Undo' }));
  await waitFor(() => expect(undone).toBe(true));
});

it('says what could not be done, and why', async () => {
  showPart(<Thing act={() => Promise.reject(new Error('it is gone'))} />);
  await userEvent.click(screen.getByRole('button', { name: 'Do it' }));
  expect(await screen.findByText('It could not be done')).toBeTruthy();
  expect(screen.getByText('it is gone')).toBeTruthy();
});
