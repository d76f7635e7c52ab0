import { describe, expect, it } from 'vitest';

import { maxLineLength, Output } from './output';
import type { WireLogChunk } from './wire';

type Given = string | Partial<WireLogChunk['pieces'][number]>;

function chunk(...pieces: Given[]): WireLogChunk {
  return {
    attempt: 1,
    offset: 0,
    end: false,
    next: 0,
    pieces: pieces.map((piece) => ({
      at: '2026-01-31T09:05:00.000Z',
      stream: 'stdout',
      ...(typeof piece === 'string' ? { text: piece } : piece),
    })),
  };
}

function all(output: Output): string[] {
  return Array.from({ length: output.length }, (_, i) => output.text(output.dropped + i + 1) ?? '?');
}

function texts(...chunks: WireLogChunk[]): string[] {
  const output = new Output();
  for (const c of chunks) output.add(c);
  return all(output);
}

const esc = '\u001b';

describe('Output', () => {
  it('joins pieces to lines and shows an unfinished one', () => {
    expect(texts(chunk('one\ntw'), chunk('o\nthr'))).toEqual(['one', 'two', 'thr']);
  });

  it('keeps empty lines', () => {
    expect(texts(chunk('a\n\n', '\nb\n'))).toEqual(['a', '', '', 'b']);
  });

  it('keeps the streams apart', () => {
    expect(texts(chunk('out', { stream: 'stderr', text: 'err\n' }, 'put\n'))).toEqual(['output', 'err']);
  });

  it('puts characters together that were cut in two', () => {
    const bytes = new TextEncoder().encode('Öl');
    const base64 = (part: Uint8Array) => btoa(String.fromCharCode(...part));
    expect(texts(chunk({ base64: base64(bytes.slice(0, 1)) }, { base64: base64(bytes.slice(1)) }))).toEqual([
      'Öl',
    ]);
    expect(texts(chunk({ base64: base64(bytes.slice(0, 1)) }, 'x'))).toEqual(['\ufffdx']);
  });

  it('keeps colours, also from one line to the next of a stream, and leaves out what else a terminal would do', () => {
    const written = `${esc}[31mred${esc}[2K\n`;
    expect(texts(chunk(written, { stream: 'stderr', text: 'err\n' }, `still${esc}[0m\nplain\n`))).toEqual([
      `${esc}[31mred`,
      'err',
      `${esc}[31mstill${esc}[0m`,
      'plain',
    ]);
  });

  it('shows of a line that was written over what was written last', () => {
    expect(texts(chunk('10 %\r50 %\r100 %\r\nnext'))).toEqual(['100 %', 'next']);
  });

  it('breaks an endless line', () => {
    const lines = texts(chunk('x'.repeat(2 * maxLineLength + 5)));
    expect(lines.map((line) => line.length)).toEqual([maxLineLength, maxLineLength, 5]);
  });

  it('tells of each line its number, its stream and when it was written', () => {
    const output = new Output();
    output.add(chunk('a\n', { stream: 'segno', at: '2026-01-31T09:06:00.000Z', text: 'cut here\n' }));
    expect(output.line(2)).toEqual({
      number: 2,
      stream: 'segno',
      at: new Date('2026-01-31T09:06:00.000Z'),
      text: 'cut here',
    });
    expect(output.line(3)).toBeUndefined();
    expect(output.line(0)).toBeUndefined();
  });

  it('lets go of the oldest lines, by number and by size, and keeps the numbers of the others', () => {
    const few = new Output({ lines: 10, characters: 1e6, block: 4 });
    for (let i = 1; i <= 23; i++) few.add(chunk(`line ${i}\n`));
    expect(few.length).toBeLessThanOrEqual(10);
    expect(few.line(few.dropped)).toBeUndefined();
    expect(few.line(few.dropped + 1)?.text).toBe(`line ${few.dropped + 1}`);
    expect(few.line(23)?.text).toBe('line 23');

    const small = new Output({ lines: 1000, characters: 100, block: 4 });
    for (let i = 1; i <= 23; i++) small.add(chunk(`${'x'.repeat(20)}\n`));
    expect(small.length).toBeLessThan(10);
    expect(small.last).toBe(23);
  });

  it('lets an unfinished line go whose block is gone', () => {
    const output = new Output({ lines: 4, characters: 1e6, block: 2 });
    output.add(chunk({ stream: 'stderr', text: 'unfinished' }));
    output.add(chunk('a\n'.repeat(9)));
    output.add(chunk({ stream: 'stderr', text: ' and gone\n' }));
    expect(all(output)).not.toContain('unfinished and gone');
  });
});
