import { IconServer } from '@tabler/icons-react';
import { expect, it } from 'vitest';

import { matches } from './JumpTo';

const target = (name: string) => ({ name, kind: 'server', to: `/servers/${name}`, icon: IconServer });
const targets = ['etl-js-1', 'js-1', 'JS-2'].map(target);

it('finds what begins with the text before what contains it', () => {
  expect(matches(targets, ' js').map(({ name }) => name)).toEqual(['js-1', 'JS-2', 'etl-js-1']);
  expect(matches(targets, 'nothing')).toEqual([]);
});

it('leads to a run by its id', () => {
  const id = '01J9ZC3M5T8Q4W6X7Y8Z9A0B1C';
  expect(matches(targets, id.toLowerCase())[0]).toMatchObject({ kind: 'run', to: `/runs/${id}` });
});
