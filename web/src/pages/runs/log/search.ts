// Looking for a text in the output, a little at a time, so that a million lines do not stop the page.

import { plain } from '../../../data/ansi';
import type { Output } from '../../../data/output';

export interface Wanted {
  text: string;
  /** Whether the text is a regular expression. */
  pattern: boolean;
  /** Whether capital letters are told from small ones. */
  exact: boolean;
}

/** Returns a function that gives the places in a line at which the text stands, or why it cannot be looked for. */
export function finder(wanted: Wanted): ((line: string) => [number, number][]) | string {
  if (wanted.pattern) {
    let expression: RegExp;
    try {
      expression = new RegExp(wanted.text, wanted.exact ? 'gu' : 'giu');
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    return (line) =>
      Array.from(line.matchAll(expression), (m) => [m.index, m.index + m[0].length] as [number, number]);
  }
  const fold = (text: string) => (wanted.exact ? text : text.toLowerCase());
  const text = fold(wanted.text);
  return (line) => {
    const found: [number, number][] = [];
    const folded = fold(line);
    for (let at = folded.indexOf(text); at >= 0; at = folded.indexOf(text, at + text.length)) {
      found.push([at, at + text.length]);
    }
    return found;
  };
}

/** Lines are looked through so many at a time. */
const slice = 20_000;

/** Goes through an output from its first line on, and on from there as the output grows. */
export class Search {
  /** Numbers of the lines that have the text, ascending. */
  readonly lines: number[] = [];
  /** The last line that was looked at. */
  private seen = 0;

  constructor(
    private readonly output: Output,
    readonly find: (line: string) => [number, number][],
  ) {}

  /** Looks through some more lines. Returns whether there is nothing left to look through for now. */
  step(): boolean {
    const from = Math.max(this.seen, this.output.dropped) + 1;
    const to = Math.min(this.output.last, from + slice - 1);
    for (let number = from; number <= to; number++) {
      const text = this.output.text(number);
      if (text !== undefined && this.find(plain(text)).length > 0) this.lines.push(number);
    }
    // An unfinished line may still come to have it: the last line is looked at again.
    this.seen = to < this.output.last ? to : Math.max(this.seen, to - 1);
    if (to >= this.output.last && this.lines.at(-1) === this.output.last) this.seen = this.output.last;
    return to >= this.output.last;
  }

  /** Returns the place in lines of the first match at or after a line, from the beginning where there is none. */
  after(number: number): number {
    let low = 0;
    let high = this.lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.lines[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low < this.lines.length ? low : 0;
  }
}
