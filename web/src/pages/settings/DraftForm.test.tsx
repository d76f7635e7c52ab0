import { TextInput } from '@mantine/core';
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it, vi } from 'vitest';

import { ApiError } from '../../data/api';
import { showLinked } from '../../testing/console';
import { DraftForm } from './DraftForm';
import type { Kind } from './DraftForm';

interface Thing {
  name: string;
  words: string;
}

const stored: Thing = { name: 'one', words: 'as it was' };
const close = vi.fn();
const kind = {
  word: 'thing',
  empty: { name: '', words: '' },
  create: vi.fn<(draft: Thing) => Promise<Thing>>(),
  edit: vi.fn<(before: Thing, draft: Thing) => Promise<Thing>>(),
  remove: vi.fn<(name: string) => Promise<void>>(),
  undoable: true,
  changes: [],
  made: (name: string) => `${name} is made`,
  shown: () => ['words'],
} satisfies Kind<Thing, Thing>;

beforeEach(() => {
  close.mockReset();
  kind.create.mockReset().mockImplementation((draft) => Promise.resolve(draft));
  kind.edit.mockReset().mockImplementation((_, draft) => Promise.resolve(draft));
  kind.remove.mockReset().mockResolvedValue();
});

const user = userEvent.setup();

function showForm(thing: Thing | null, of: Kind<Thing, Thing> = kind) {
  showLinked(
    <DraftForm kind={of} stored={thing} close={close}>
      {({ draft, change, wrong, isNew }) => (
        <TextInput
          label={isNew ? 'First words' : 'Words'}
          value={draft.words}
          error={wrong('words')}
          onChange={(event) => change({ words: event.currentTarget.value })}
        />
      )}
    </DraftForm>,
  );
}

it('makes a new one by its name and its fields, says so and closes', async () => {
  showForm(null);
  await user.type(await screen.findByLabelText(/^Name/), 'two');
  await user.type(screen.getByLabelText('First words'), 'new');
  await user.click(screen.getByRole('button', { name: 'Create' }));
  expect(await screen.findByText('two is made')).toBeTruthy();
  expect(kind.create).toHaveBeenCalledWith({ name: 'two', words: 'new' });
  expect(close).toHaveBeenCalledTimes(1);
});

it('changes one that is stored, whose name stays, from what it was when one began', async () => {
  showForm(stored);
  await user.type(await screen.findByLabelText('Words'), '!');
  expect(screen.queryByLabelText(/^Name/)).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText('one is saved')).toBeTruthy();
  expect(kind.edit).toHaveBeenCalledWith(stored, { name: 'one', words: 'as it was!' });
});

it('says what is wrong at its field, and of the whole what no field shows, and stays open', async () => {
  kind.create.mockRejectedValue(
    new ApiError(422, 'It is wrong.', [
      { field: 'name', reason: 'is taken' },
      { field: 'words', reason: 'are too many' },
      { field: 'colour', reason: 'is not known' },
    ]),
  );
  showForm(null);
  await user.click(await screen.findByRole('button', { name: 'Create' }));
  expect(await screen.findByText('is taken')).toBeTruthy();
  expect(screen.getByText('are too many')).toBeTruthy();
  expect(screen.getByText('colour is not known.')).toBeTruthy();
  expect(close).not.toHaveBeenCalled();
});

it('deletes at the second press, and makes it again upon Undo', async () => {
  showForm(stored);
  await user.click(await screen.findByRole('button', { name: 'Delete…' }));
  await user.click(screen.getByRole('button', { name: 'Delete one for good' }));
  await user.click(await screen.findByRole('button', { name: 'Undo' }));
  await waitFor(() => expect(kind.create).toHaveBeenCalledWith(stored));
  expect(kind.remove.mock.calls[0]?.[0]).toBe('one');
});

it('offers no Undo for what cannot be made again as it was', async () => {
  showForm(stored, { ...kind, undoable: false });
  await user.click(await screen.findByRole('button', { name: 'Delete…' }));
  await user.click(screen.getByRole('button', { name: 'Delete one for good' }));
  expect(await screen.findByText('one is deleted')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
});
