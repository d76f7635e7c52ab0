// The output of a run as lines, live.

import { useEffect, useState } from 'react';

import { follow } from './stream';
import type { WireLogChunk } from './wire';

export interface LogLine {
  /** Counts from 1 over the whole output that was received. */
  number: number;
  attempt: number;
  stream: 'stdout' | 'stderr' | 'segno';
  at: Date;
  text: string;
}

export interface Log {
  lines: LogLine[];
  /** How many lines at the beginning were let go of to bound the memory. */
  dropped: number;
  ended: boolean;
  error: string | null;
}

export const maxLines = 20_000;
/** A longer line is broken, so that endless ones do no harm. */
export const maxLineLength = 10_000;
/** Output is shown at most so often. */
const showMs = 80;

// Sequences that a terminal would act upon: colours, cursor movements, titles.
// eslint-disable-next-line no-control-regex
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** Makes lines of pieces, which are neither whole lines nor whole characters. */
export class LineAssembler {
  private readonly lines: LogLine[] = [];
  /** The unfinished line of each stream, as it was written. */
  private readonly open = new Map<string, { line: LogLine; written: string }>();
  private readonly decoders = new Map<string, TextDecoder>();
  private readonly encoder = new TextEncoder();
  private attempt = 0;
  private count = 0;
  dropped = 0;

  add(chunk: WireLogChunk): void {
    if (chunk.attempt !== this.attempt) {
      this.attempt = chunk.attempt;
      this.open.clear();
      this.decoders.clear();
    }
    for (const piece of chunk.pieces) {
      const bytes =
        piece.base64 === undefined ? this.encoder.encode(piece.text ?? '') : fromBase64(piece.base64);
      this.write(piece.stream, new Date(piece.at), this.decode(piece.stream, bytes));
    }
    const surplus = this.lines.length - maxLines;
    if (surplus > 0) {
      this.lines.splice(0, surplus);
      this.dropped += surplus;
    }
  }

  /** Returns the lines so far, unfinished ones included. */
  snapshot(): LogLine[] {
    return [...this.lines];
  }

  private decode(stream: string, bytes: Uint8Array): string {
    let decoder = this.decoders.get(stream);
    if (!decoder) {
      decoder = new TextDecoder();
      this.decoders.set(stream, decoder);
    }
    return decoder.decode(bytes, { stream: true });
  }

  private write(stream: LogLine['stream'], at: Date, text: string): void {
    const parts = text.split('\n');
    parts.forEach((part, i) => {
      const ends = i < parts.length - 1;
      let rest = part;
      do {
        if (rest === '' && !ends) break;
        const open = this.open.get(stream) ?? this.begin(stream, at);
        const room = maxLineLength - open.written.length;
        open.written += rest.slice(0, room);
        rest = rest.slice(room);
        this.replace(open.line, open.written);
        if (open.written.length >= maxLineLength) this.open.delete(stream);
      } while (rest !== '');
      if (ends) this.open.delete(stream);
    });
  }

  private begin(stream: LogLine['stream'], at: Date): { line: LogLine; written: string } {
    const open = { line: { number: ++this.count, attempt: this.attempt, stream, at, text: '' }, written: '' };
    this.lines.push(open.line);
    this.open.set(stream, open);
    return open;
  }

  /** Lines that were handed out stay as they are; a line that grew is a new one in its place. */
  private replace(line: LogLine, written: string): void {
    const place = line.number - 1 - this.dropped;
    if (place >= 0) this.lines[place] = { ...line, text: shown(written) };
  }
}

/** What of a line stays to be seen: without escapes, and of what was written over only the last. */
function shown(text: string): string {
  const plain = text.replace(escapes, '').replace(/\r+$/, '');
  return plain.slice(plain.lastIndexOf('\r') + 1);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

const nothing: Log = { lines: [], dropped: 0, ended: false, error: null };

/** Follows the output of a run from its newest attempt's beginning while it is mounted. */
export function useLog(run: string): Log {
  const [log, setLog] = useState(nothing);

  useEffect(() => {
    const end = new AbortController();
    const assembler = new LineAssembler();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (ended: boolean, error: string | null = null) => {
      clearTimeout(timer);
      timer = undefined;
      setLog({ lines: assembler.snapshot(), dropped: assembler.dropped, ended, error });
    };
    const follower = {
      event: ({ name, data }: { name: string; data: string }) => {
        if (name === 'output') {
          assembler.add(JSON.parse(data) as WireLogChunk);
          timer ??= setTimeout(() => show(false), showMs);
        }
        return name === 'end';
      },
    };
    follow(`/runs/${encodeURIComponent(run)}/log?follow=true`, end.signal, follower)
      .then(() => {
        if (!end.signal.aborted) show(true);
      })
      .catch((error: unknown) => show(true, error instanceof Error ? error.message : String(error)));
    return () => {
      clearTimeout(timer);
      end.abort();
      setLog(nothing);
    };
  }, [run]);

  return log;
}
