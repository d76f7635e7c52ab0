import { describe, expect, it } from 'vitest';

import { Output } from '../../../data/output';
import { finder, Search } from './search';

const wanted = (text: string, more = {}) => ({ text, pattern: false, exact: false, ...more });

function search(output: Output, text: string): Search {
  const find = finder(wanted(text));
  if (typeof find === 'string') throw new Error(find);
  return new Search(output, find);
}

function write(output: Output, text: string) {
  output.add({
    attempt: 1,
    offset: 0,
    end: false,
    next: 0,
    pieces: [{ at: '2026-01-31T09:05:00Z', stream: 'stdout', text }],
  });
}

describe('finder', () => {
  const places = (line: string, what: Parameters<typeof finder>[0]) => {
    const find = finder(what);
    return typeof find === 'string' ? find : find(line);
  };

  it('finds every place, whatever the letters’ size', () => {
    expect(places('Error: an error', wanted('ERROR'))).toEqual([
      [0, 5],
      [10, 15],
    ]);
    expect(places('Error: an error', wanted('error', { exact: true }))).toEqual([[10, 15]]);
  });

  it('takes characters of expressions as they are, unless they are asked for', () => {
    expect(places('a+b aab', wanted('a+b'))).toEqual([[0, 3]]);
    expect(places('a+b aab', wanted('a+b', { pattern: true }))).toEqual([[4, 7]]);
  });

  it('says what is wrong with an expression', () => {
    expect(places('x', wanted('(', { pattern: true }))).toMatch(/Unterminated group|Invalid/);
  });
});

describe('Search', () => {
  it('finds lines by number, in colours too, and goes on as the output grows', () => {
    const output = new Output();
    write(output, 'one\ntwo \u001b[31mred\u001b[0m one\nthree\nunfinished o');
    const s = search(output, 'red one');
    expect(s.step()).toBe(true);
    expect(s.lines).toEqual([2]);
    const t = search(output, 'one');
    t.step();
    expect(t.lines).toEqual([1, 2]);
    write(output, 'ne\nmore\n');
    t.step();
    t.step();
    expect(t.lines).toEqual([1, 2, 4]);
  });

  it('looks through many lines a slice at a time', () => {
    const output = new Output();
    write(output, 'x\n'.repeat(50_000));
    const s = search(output, 'x');
    let steps = 1;
    while (!s.step()) steps++;
    expect(steps).toBe(3);
    expect(s.lines.length).toBe(50_000);
  });

  it('goes to the next match and round to the first', () => {
    const output = new Output();
    write(output, 'x\n\nx\n\nx\n');
    const s = search(output, 'x');
    s.step();
    expect([1, 2, 5, 6].map((line) => s.lines[s.after(line)])).toEqual([1, 3, 5, 1]);
  });
});
