import { describe, expect, it } from 'vitest';

import { at, fromYaml, mergePatch, patched, pathOf, put, toYaml } from './document';
import type { DocumentKind, JsonObject } from './document';

const kind: DocumentKind = { noun: 'task', order: ['name', 'target', 'job'], example: 'name: load-orders' };

const task: JsonObject = {
  job: { script: { interpreter: ['/bin/sh'], text: 'echo one\necho two\n' } },
  on_unavailable: [{ after: '2m', do: 'recover' }],
  name: 'load-orders',
  target: { virtual_server: 'etl' },
  params: { date: '2026-01-01', yes: 'yes', number: '007' },
  future: { key: 1 },
};

describe('a task as YAML', () => {
  it('comes back as the object that it was', () => {
    expect(fromYaml(toYaml(task, kind), kind).spec).toEqual(task);
  });

  it('begins with the name, and keeps scripts as they are written', () => {
    const text = toYaml(task, kind);
    expect(text.split('\n')[0]).toBe('name: load-orders');
    expect(text).toContain('    text: |\n      echo one\n      echo two\n');
    expect(text.trimEnd().endsWith('key: 1')).toBe(true);
  });

  it('says in which line it cannot be read', () => {
    expect(fromYaml('name: x\ntarget: {a: 1\n', kind).faults[0]?.line).toBeGreaterThanOrEqual(2);
    expect(fromYaml('name: x\nname: y\n', kind).faults[0]?.line).toBe(2);
    expect(fromYaml('- a\n', kind).faults[0]?.reason).toBe(
      'A task is keys with values, such as name: load-orders.',
    );
  });

  it('does not let a few lines become a huge object', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i++)
      bomb.push(
        `k${i}: &k${i} [${Array(9)
          .fill(`*${i === 1 ? 'a' : `k${i - 1}`}`)
          .join(',')}]`,
      );
    expect(fromYaml(bomb.join('\n'), kind).spec).toBeNull();
  });

  it('finds the line of a field that the conductor names', () => {
    const { lineOf } = fromYaml(
      'name: x\njob:\n  steps:\n    - name: a\n      command: [a]\n    - name: b\n',
      kind,
    );
    expect(lineOf(pathOf('job.steps[1].name'))).toBe(6);
    expect(lineOf(pathOf('job.steps[1].command'))).toBe(6);
    expect(lineOf(pathOf('job'))).toBe(2);
    expect(lineOf(pathOf('nosuch'))).toBeNull();
  });
});

describe('the form’s way into the object', () => {
  it('reads and writes what stands at a path, and leaves the rest', () => {
    const changed = put(task, ['target', 'virtual_server'], 'reports');
    expect(at(changed, ['target', 'virtual_server'])).toBe('reports');
    expect(at(task, ['target', 'virtual_server'])).toBe('etl');
    expect(changed.future).toEqual({ key: 1 });
    expect(at(put({}, ['job', 'steps', 0, 'name'], 'a'), ['job', 'steps', 0, 'name'])).toBe('a');
  });

  it('removes what is empty without what was removed', () => {
    expect(put({ retries: { max: 1 }, name: 'x' }, ['retries', 'max'], undefined)).toEqual({ name: 'x' });
    expect(put({ steps: [{ name: 'a' }, { name: 'b' }] }, ['steps', 0], undefined)).toEqual({
      steps: [{ name: 'b' }],
    });
  });

  it('reads paths as the conductor writes them', () => {
    expect(pathOf('job.steps[2].command[0]')).toEqual(['job', 'steps', 2, 'command', 0]);
  });
});

it('sends of an edit what differs, and null for what is gone', () => {
  const after = put(put(task, ['params', 'date'], undefined), ['target'], { server: 'js-1' });
  expect(mergePatch(task, after)).toEqual({
    params: { date: null },
    target: { virtual_server: null, server: 'js-1' },
  });
  expect(mergePatch(task, task)).toEqual({});
  expect(patched(task, mergePatch(task, after))).toEqual(after);
});
