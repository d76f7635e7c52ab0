// The output of an attempt as lines. It holds millions of them: lines are kept in blocks, and of an endless output the
// oldest blocks are let go of.

import { carriedOver, onlyColours } from './ansi';
import type { WireLogChunk } from './wire';

export const streams = ['stdout', 'stderr', 'segno'] as const;
export type Stream = (typeof streams)[number];

export interface Line {
  /** Counts from 1 over the whole output that was received. */
  number: number;
  stream: Stream;
  at: Date;
  /** What was written, with the escapes that choose colours. */
  text: string;
}

const blockLines = 8192;
/** So many characters are kept at most, a few hundred megabytes. */
export const maxCharacters = 160_000_000;
/** A browser cannot scroll over more lines than this. */
export const maxLines = 900_000;
/** A longer line is broken, so that endless ones do no harm. */
export const maxLineLength = 10_000;

interface Block {
  texts: string[];
  at: Float64Array;
  stream: Uint8Array;
  characters: number;
}

interface Open {
  /** Number of the unfinished line. */
  number: number;
  written: string;
}

/** Makes lines of pieces, which are neither whole lines nor whole characters. */
export class Output {
  private blocks: Block[] = [];
  private first = 1;
  private next = 1;
  private characters = 0;
  /** The unfinished line of each stream, and the colours with which its next line begins. */
  private readonly open = new Map<Stream, Open>();
  private readonly carried = new Map<Stream, string>();
  private readonly decoders = new Map<Stream, TextDecoder>();

  constructor(private readonly limits = { lines: maxLines, characters: maxCharacters, block: blockLines }) {}

  /** How many lines there are. */
  get length(): number {
    return this.next - this.first;
  }

  /** How many lines at the beginning were let go of. */
  get dropped(): number {
    return this.first - 1;
  }

  /** Number of the newest line, 0 without any. */
  get last(): number {
    return this.next - 1;
  }

  /** Returns a line by its number; undefined for one that is not there. */
  line(number: number): Line | undefined {
    const text = this.text(number);
    const place = number - this.first;
    const block = this.blocks[Math.floor(place / this.limits.block)];
    if (text === undefined || !block) return undefined;
    const i = place % this.limits.block;
    return {
      number,
      text,
      at: new Date(block.at[i] ?? 0),
      stream: streams[block.stream[i] ?? 0] ?? 'stdout',
    };
  }

  /** Returns the text of a line alone, for who looks through many. */
  text(number: number): string | undefined {
    const place = number - this.first;
    if (place < 0 || number >= this.next) return undefined;
    return this.blocks[Math.floor(place / this.limits.block)]?.texts[place % this.limits.block];
  }

  add(chunk: WireLogChunk): void {
    for (const piece of chunk.pieces) {
      this.write(piece.stream, Date.parse(piece.at), this.decode(piece.stream, piece));
    }
    this.shrink();
  }

  private decode(stream: Stream, piece: { text?: string; base64?: string }): string {
    let decoder = this.decoders.get(stream);
    if (piece.base64 === undefined) {
      // Text is whole characters; what an earlier piece left unfinished stays so.
      const rest = decoder?.decode() ?? '';
      return rest + (piece.text ?? '');
    }
    if (!decoder) this.decoders.set(stream, (decoder = new TextDecoder()));
    return decoder.decode(fromBase64(piece.base64), { stream: true });
  }

  private write(stream: Stream, at: number, text: string): void {
    let begin = 0;
    for (;;) {
      const end = text.indexOf('\n', begin);
      if (end < 0) break;
      this.append(stream, at, text.slice(begin, end), true);
      begin = end + 1;
    }
    if (begin < text.length) this.append(stream, at, text.slice(begin), false);
  }

  /** Adds to the stream's unfinished line, or begins one. */
  private append(stream: Stream, at: number, text: string, ends: boolean): void {
    let rest = text;
    do {
      const open = this.open.get(stream);
      const room = maxLineLength - (open?.written.length ?? 0);
      const part = rest.length > room ? rest.slice(0, room) : rest;
      rest = rest.slice(part.length);
      const written = (open?.written ?? '') + part;
      const number = open?.number ?? this.begin(stream, at);
      const finished = ends || written.length >= maxLineLength;
      this.replace(number, stream, written, finished);
      if (finished) this.open.delete(stream);
      else this.open.set(stream, { number, written });
    } while (rest !== '');
  }

  private begin(stream: Stream, at: number): number {
    const i = (this.next - this.first) % this.limits.block;
    if (i === 0) {
      const size = this.limits.block;
      this.blocks.push({
        texts: [],
        at: new Float64Array(size),
        stream: new Uint8Array(size),
        characters: 0,
      });
    }
    const block = this.blocks.at(-1) as Block;
    block.texts.push('');
    block.at[i] = at;
    block.stream[i] = streams.indexOf(stream);
    return this.next++;
  }

  private replace(number: number, stream: Stream, written: string, finished: boolean): void {
    const place = number - this.first;
    const block = this.blocks[Math.floor(place / this.limits.block)];
    if (place < 0 || !block) return;
    const text = this.shown(stream, written, finished);
    const i = place % this.limits.block;
    const more = text.length - (block.texts[i]?.length ?? 0);
    block.texts[i] = text;
    block.characters += more;
    this.characters += more;
  }

  /** What of a line stays to be seen: of what was written over only the last, in the colours that it began with. */
  private shown(stream: Stream, written: string, finished: boolean): string {
    let text = written;
    const carried = this.carried.get(stream);
    if (text.includes('\r')) {
      text = text.replace(/\r+$/, '');
      text = text.slice(text.lastIndexOf('\r') + 1);
    }
    if (carried === undefined && !text.includes('\u001b')) return text;
    text = (carried ?? '') + onlyColours(text);
    if (finished) {
      const next = carriedOver(text);
      if (next === '') this.carried.delete(stream);
      else this.carried.set(stream, next);
    }
    return text;
  }

  private shrink(): void {
    while (
      this.blocks.length > 1 &&
      (this.length > this.limits.lines || this.characters > this.limits.characters)
    ) {
      const oldest = this.blocks.shift() as Block;
      this.characters -= oldest.characters;
      this.first += oldest.texts.length;
    }
  }
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
