import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { ApiError } from '../../data/api';
import { showLinked } from '../../testing/console';
import type { JsonObject } from './document';
import { DocumentEditor } from './DocumentEditor';
import { Drafts, DraftsOfTab } from './drafts';
import { TextField } from './fields';
import { useDocument } from './useDocument';
import type { EditedDocument } from './useDocument';

const kind = { noun: 'task', order: ['name', 'timeout'], example: 'name: load' };

interface Place {
  isNew?: boolean;
  readOnly?: boolean;
  save?: (document: EditedDocument) => Promise<{ name: string; version: number; spec: unknown }>;
}

/** An editor of a document with a name and a time, as the pages of tasks and plans have one. */
async function showEditor({ isNew = false, readOnly = false, save = store }: Place = {}) {
  const onSaved = vi.fn();
  const first = { spec: { name: 'load', timeout: '1h' } as JsonObject, version: isNew ? null : 7 };
  function Page() {
    const document = useDocument(kind, first);
    return (
      <DocumentEditor document={document} readOnly={readOnly} save={save} changes={[]} onSaved={onSaved}>
        <TextField path={['timeout']} label="Longest time" />
      </DocumentEditor>
    );
  }
  showLinked(
    <DraftsOfTab value={new Drafts()}>
      <Page />
    </DraftsOfTab>,
  );
  return { onSaved, field: await screen.findByLabelText<HTMLInputElement>('Longest time') };
}

const store = ({ spec }: EditedDocument) => Promise.resolve({ name: 'load', version: 8, spec });
const button = (name: string) => screen.getByRole<HTMLButtonElement>('button', { name });
const yaml = () => screen.getByLabelText<HTMLTextAreaElement>('YAML');

it('has nothing to save before something is changed', async () => {
  await showEditor();
  expect(button('Save').disabled).toBe(true);
  expect(screen.getByText('As it is stored.')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
});

it('saves what was changed, by Enter too, says so, and has nothing to save again', async () => {
  const sent: JsonObject[] = [];
  const { field, onSaved } = await showEditor({
    save: (document) => {
      sent.push(document.spec);
      expect(document.base.version).toBe(7);
      return store(document);
    },
  });
  await userEvent.clear(field);
  await userEvent.type(field, '2h');
  expect(yaml().value).toContain('timeout: 2h');
  expect(screen.getByText(/^Changed\. /)).toBeTruthy();
  await userEvent.type(field, '{Enter}');
  expect(await screen.findByText('load is saved')).toBeTruthy();
  expect(sent).toEqual([{ name: 'load', timeout: '2h' }]);
  expect(onSaved).toHaveBeenCalledWith(expect.objectContaining({ version: 8 }));
  expect(button('Save').disabled).toBe(true);
});

it('shows in the form what is written as YAML, and cannot save what cannot be read', async () => {
  const { field } = await showEditor();
  await userEvent.clear(yaml());
  await userEvent.type(yaml(), 'timeout: 3h');
  expect(field.value).toBe('3h');
  expect(button('Save').disabled).toBe(false);
  await userEvent.type(yaml(), '{Enter}a: [[');
  expect(screen.getByText('The YAML cannot be read.')).toBeTruthy();
  expect(button('Save').disabled).toBe(true);
});

it('takes back the last change, and all of them', async () => {
  const { field } = await showEditor();
  await userEvent.type(field, '5m');
  await userEvent.click(button('Discard the changes'));
  expect(field.value).toBe('1h');
  await userEvent.click(button('Undo'));
  expect(field.value).toBe('1h5m');
  await userEvent.click(button('Undo'));
  expect(field.value).toBe('1h');
  expect(button('Save').disabled).toBe(true);
});

it('puts what is refused at its field and above the form, and keeps what was written', async () => {
  const { field, onSaved } = await showEditor({
    save: () => Promise.reject(new ApiError(422, 'no', [{ field: 'timeout', reason: 'must be a duration' }])),
  });
  await userEvent.type(field, 'x');
  await userEvent.click(button('Save'));
  expect((await screen.findByRole('alert', { name: 'It was not saved' })).textContent).toContain('(line 2)');
  expect(field.getAttribute('aria-invalid')).toBe('true');
  expect(field.value).toBe('1hx');
  expect(onSaved).not.toHaveBeenCalled();
  expect(button('Save').disabled).toBe(false);
});

it('tells of what goes wrong otherwise', async () => {
  const { field } = await showEditor({ save: () => Promise.reject(new Error('the network is down')) });
  await userEvent.type(field, '5m');
  await userEvent.click(button('Save'));
  await waitFor(() =>
    expect(screen.getByRole('alert', { name: 'It was not saved' }).textContent).toContain('network is down'),
  );
});

it('creates a new one as it stands, unchanged too', async () => {
  const { onSaved } = await showEditor({ isNew: true });
  expect(screen.queryByRole('button', { name: 'Discard the changes' })).toBeNull();
  await userEvent.click(button('Create the task'));
  await waitFor(() => expect(onSaved).toHaveBeenCalledOnce());
});

it('offers nothing to who may not change it', async () => {
  const { field } = await showEditor({ readOnly: true });
  expect(field.readOnly).toBe(true);
  expect(yaml().readOnly).toBe(true);
  expect(screen.queryByRole('button')).toBeNull();
});
