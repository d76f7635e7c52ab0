import { expect, it } from 'vitest';

import type { DocumentKind } from './document';
import {
  begun,
  changedByBoth,
  edited,
  heard,
  isChanged,
  rebased,
  taken,
  undone,
  written,
} from './documentState';

const kind: DocumentKind = { noun: 'plan', order: ['name'], example: 'name: nightly' };
const first = { spec: { name: 'a', text: 'one', list: [1] }, version: 3 };
const theirs = { spec: { name: 'a', text: 'two', list: [1], more: true }, version: 4 };

it('knows whether there is something to save', () => {
  const start = begun(kind, first);
  expect(isChanged(start)).toBe(false);
  const mine = edited(start, { ...first.spec, text: 'mine' });
  expect(isChanged(mine)).toBe(true);
  expect(isChanged(edited(mine, first.spec))).toBe(false);
  expect(isChanged(written(start, 'name: [')), 'YAML that cannot be read would be lost too').toBe(true);
});

it('takes changes back one by one, and those of one name together', () => {
  let now = begun(kind, first);
  now = edited(now, { ...first.spec, text: 'm' }, 'text');
  now = edited(now, { ...first.spec, text: 'mi' }, 'text');
  now = edited(now, { ...first.spec, text: 'mi', list: [] });
  now = edited(now, { ...first.spec, text: 'mi', list: [2] });
  now = undone(now);
  expect(now.spec.list).toEqual([]);
  now = undone(now);
  expect(now.spec).toEqual({ ...first.spec, text: 'mi' });
  now = undone(now);
  expect(now.spec).toEqual(first.spec);
  expect(now.text).toContain('text: one');
  expect(undone(now)).toBe(now);
});

it('takes what others store as long as nothing is changed here', () => {
  const now = heard(begun(kind, first), theirs);
  expect(now.spec).toEqual(theirs.spec);
  expect(now.base.version).toBe(4);
});

it('keeps what is changed here beside what others store, and can take either', () => {
  const mine = edited(begun(kind, first), { ...first.spec, list: [1, 2], text: 'mine' });
  const now = heard(mine, theirs);
  expect(now.spec).toEqual(mine.spec);
  expect(now.base.version, 'a save would go over what others have stored').toBe(3);
  expect(changedByBoth(now)).toEqual(['text']);

  const over = rebased(now);
  expect(over.base.version).toBe(4);
  expect(over.newer).toBeNull();
  expect(over.spec).toEqual({ name: 'a', text: 'mine', list: [1, 2], more: true });

  const given = taken(now);
  expect(given.spec).toEqual(theirs.spec);
  expect(isChanged(given)).toBe(false);
  expect(undone(given).spec, 'what was changed here is lost').toEqual(mine.spec);
});

it('does not take its own save for that of others', () => {
  const saved = begun(kind, { spec: first.spec, version: 4 });
  const before = heard({ ...saved, heard: 3 }, { spec: first.spec, version: 4 });
  expect(before.newer).toBeNull();
  const mine = edited(before, { ...first.spec, text: 'mine' });
  expect(heard(mine, { spec: first.spec, version: 4 }).newer).toBeNull();
});
