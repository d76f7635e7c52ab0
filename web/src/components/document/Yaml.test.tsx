import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';

import { showLinked } from '../../testing/console';
import { Drafts, DraftsOfTab } from './drafts';
import { useDocument } from './useDocument';
import type { EditedDocument } from './useDocument';
import { Yaml } from './Yaml';

const kind = { noun: 'task', order: ['name', 'timeout'], example: 'name: load' };

async function showYaml(readOnly = false) {
  const held: { document?: EditedDocument } = {};
  const stored = { spec: { timeout: '1h', name: 'load' }, version: 7 };
  function Place() {
    held.document = useDocument(kind, stored);
    return <Yaml document={held.document} readOnly={readOnly} />;
  }
  showLinked(
    <DraftsOfTab value={new Drafts()}>
      <Place />
    </DraftsOfTab>,
  );
  const field = await screen.findByLabelText<HTMLTextAreaElement>('YAML');
  return { field, document: () => held.document as EditedDocument };
}

it('shows the document in the order in which it is read, and how segno apply takes it', async () => {
  const { field } = await showYaml();
  expect(field.value).toBe('name: load\ntimeout: 1h\n');
  expect(screen.getByText('kind: task')).toBeTruthy();
});

it('changes the document as one writes', async () => {
  const { field, document } = await showYaml();
  await userEvent.type(field, 'priority: 5');
  expect(document().spec).toEqual({ name: 'load', timeout: '1h', priority: 5 });
  expect(document().changed).toBe(true);
});

it('says in which line it cannot be read, marks it, and keeps what was written', async () => {
  const { field, document } = await showYaml();
  await userEvent.type(field, 'labels: [[a');
  const alert = (await screen.findAllByRole('alert'))[0] as HTMLElement;
  expect(alert.textContent).toMatch(/^line \d: /);
  const line = /^line (\d)/.exec(alert.textContent)?.[1];
  expect(window.document.querySelector('[data-wrong]')?.textContent).toBe(line);
  expect(field.value).toContain('labels: [a');
  expect(document().spec).toMatchObject({ name: 'load', timeout: '1h' });
});

it('is to be read, and not to be written, by who may not change it', async () => {
  const { field, document } = await showYaml(true);
  await userEvent.type(field, 'x');
  expect(field.readOnly).toBe(true);
  expect(document().changed).toBe(false);
});
