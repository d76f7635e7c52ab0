import { describe, expect, it } from 'vitest';

import { LineAssembler, maxLineLength, maxLines } from './log';
import type { WireLogChunk } from './wire';

function chunk(...pieces: (string | Partial<WireLogChunk['pieces'][number]>)[]): WireLogChunk {
  return {
    attempt: 1,
    end: false,
    offset: 0,
    next: 0,
    pieces: pieces.map((piece) => ({
      at: '2026-01-31T09:05:00.000Z',
      stream: 'stdout',
      ...(typeof piece === 'string' ? { text: piece } : piece),
    })),
  };
}

function texts(...chunks: WireLogChunk[]): string[] {
  const assembler = new LineAssembler();
  for (const c of chunks) assembler.add(c);
  return assembler.snapshot().map((line) => line.text);
}

describe('LineAssembler', () => {
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
  });

  it('leaves out what only a terminal understands', () => {
    expect(texts(chunk('\u001b[1;31mred\u001b[0m \u001b]0;title\u0007plain\n'))).toEqual(['red plain']);
  });

  it('shows of a line that was written over what was written last', () => {
    expect(texts(chunk('10 %\r50 %\r100 %\r\nnext'))).toEqual(['100 %', 'next']);
  });

  it('breaks an endless line', () => {
    const lines = texts(chunk('x'.repeat(2 * maxLineLength + 5)));
    expect(lines.map((line) => line.length)).toEqual([maxLineLength, maxLineLength, 5]);
  });

  it('lets go of the oldest lines and says how many', () => {
    const assembler = new LineAssembler();
    assembler.add(chunk('line\n'.repeat(maxLines + 10)));
    assembler.add(chunk('grows'));
    assembler.add(chunk(' on'));
    const lines = assembler.snapshot();
    expect(lines).toHaveLength(maxLines);
    expect(assembler.dropped).toBe(11);
    expect(lines.at(-1)).toMatchObject({ number: maxLines + 11, text: 'grows on' });
  });

  it('does not change lines that it has handed out', () => {
    const assembler = new LineAssembler();
    assembler.add(chunk('a'));
    const before = assembler.snapshot();
    assembler.add(chunk('b'));
    expect(before[0]?.text).toBe('a');
  });

  it('begins a new line with a new attempt', () => {
    expect(texts(chunk('cut o'), { ...chunk('again\n'), attempt: 2 })).toEqual(['cut o', 'again']);
  });
});
