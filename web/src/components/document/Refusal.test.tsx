import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { ApiError } from '../../data/api';
import { showPart } from '../../testing/console';
import type { JsonObject } from './document';
import { begun, edited, heard } from './documentState';
import { fromYaml } from './document';
import { Newer, Refusal } from './Refusal';
import type { EditedDocument } from './useDocument';

const kind = { noun: 'task', order: ['name', 'job'], example: 'name: load' };

/** A document as an editor has it, changed here, and by somebody else where that is given. */
function aDocument(mine: JsonObject, theirs?: JsonObject): EditedDocument {
  const stored: JsonObject = { name: 'load', job: { command: ['true'] }, timeout: '1h' };
  let state = edited(begun(kind, { spec: stored, version: 7 }), { ...stored, ...mine });
  if (theirs) state = heard(state, { spec: { ...stored, ...theirs }, version: 8 });
  return {
    ...state,
    changed: true,
    setAt: vi.fn(),
    change: vi.fn(),
    setText: vi.fn(),
    undo: null,
    discard: vi.fn(),
    takeNewer: vi.fn(),
    rebase: vi.fn(),
    saved: vi.fn(),
    lineOf: (path) => fromYaml(state.text, kind).lineOf(path),
  };
}

const refusal = (error: ApiError) => ({ spec: {}, version: 7, error });

it('tells each field that was refused, why, and in which line of the YAML it stands', () => {
  const error = new ApiError(422, 'no', [
    { field: 'timeout', reason: 'must be a duration' },
    { field: 'job.command[0]', reason: 'must not be empty' },
  ]);
  showPart(<Refusal document={aDocument({ timeout: 'soon' })} refused={refusal(error)} />);
  const [first, second] = within(screen.getByRole('alert')).getAllByRole('listitem');
  expect(first?.textContent).toMatch(/^timeout must be a duration \(line \d\)$/);
  expect(second?.textContent).toMatch(/^job\.command\[0\] must not be empty \(line 4\)$/);
});

it('shows where a field is, if that can be shown', async () => {
  const show = vi.fn();
  const error = new ApiError(422, 'no', [
    { field: 'timeout', reason: 'must be a duration' },
    { field: 'name', reason: 'is taken' },
  ]);
  showPart(
    <Refusal
      document={aDocument({})}
      refused={refusal(error)}
      point={(field) => (field === 'name' ? show : null)}
    />,
  );
  await userEvent.click(screen.getByRole('button', { name: 'Show' }));
  expect(show).toHaveBeenCalledOnce();
});

it('tells what no field is to blame for', () => {
  showPart(<Refusal document={aDocument({})} refused={refusal(new ApiError(409, 'load is taken'))} />);
  expect(screen.getByRole('alert', { name: 'It was not saved' }).textContent).toContain('load is taken');
});

it('says that another was faster, and that nothing is lost', () => {
  showPart(<Refusal document={aDocument({})} refused={refusal(new ApiError(412, 'version 8'))} />);
  const alert = screen.getByRole('alert', { name: 'It was changed meanwhile' });
  expect(alert.textContent).toContain('What you changed is still here.');
});

it('is silent while nobody else has stored anything', () => {
  showPart(<Newer document={aDocument({ timeout: '2h' })} />);
  expect(screen.queryByRole('alert')).toBeNull();
});

it('lets one keep both or take theirs, once somebody else has stored another version', async () => {
  const document = aDocument({ timeout: '2h' }, { description: 'theirs' });
  showPart(<Newer document={document} />);
  const alert = screen.getByRole('alert', { name: 'This task was changed meanwhile' });
  expect(alert.textContent).toContain('(version 8)');
  expect(alert.textContent).toContain('You changed different things: both can be kept.');
  await userEvent.click(screen.getByRole('button', { name: 'Keep mine on theirs' }));
  expect(document.rebase).toHaveBeenCalledOnce();
  await userEvent.click(screen.getByRole('button', { name: 'Take theirs' }));
  expect(document.takeNewer).toHaveBeenCalledOnce();
});

it('names what both have changed', () => {
  showPart(<Newer document={aDocument({ timeout: '2h' }, { timeout: '3h' })} />);
  expect(screen.getByText(/Both of you changed timeout: kept on theirs, yours counts there\./)).toBeTruthy();
});
