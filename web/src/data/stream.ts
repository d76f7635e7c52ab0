// Server-sent events over fetch. Unlike EventSource it hands over events of any name, tells a refusal from a lost
// connection, and notices a connection that has fallen silent.

import { ApiError, request } from './api';

export interface StreamEvent {
  id: string;
  name: string;
  data: string;
}

export interface Follower {
  /** Handles one event; true ends the following. */
  event: (event: StreamEvent) => boolean | undefined;
  /** Learns whether the connection stands. */
  connected?: (connected: boolean) => void;
}

/** The conductor sends a comment at least every ten seconds, so that silence means a lost connection. */
const silenceMs = 35_000;
const longestPauseMs = 10_000;

/**
 * Follows a stream until an event ends it or the signal does, and goes on after the last event where a connection broke.
 * It throws an ApiError where a new try would not help.
 */
export async function follow(path: string, signal: AbortSignal, follower: Follower): Promise<void> {
  let lastId = '';
  const over = () => signal.aborted;
  for (let tries = 0; !over(); tries++) {
    try {
      const done = await readOnce(path, lastId, signal, {
        event: (event) => {
          lastId = event.id;
          return follower.event(event);
        },
        connected: () => {
          tries = 0;
          follower.connected?.(true);
        },
      });
      if (done) return;
    } catch (error) {
      if (over()) return;
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429)
        throw error;
    }
    follower.connected?.(false);
    await pause(Math.min(longestPauseMs, 500 * 2 ** tries) * (0.5 + Math.random() / 2), signal);
  }
}

async function readOnce(
  path: string,
  lastId: string,
  signal: AbortSignal,
  follower: Required<Follower>,
): Promise<boolean> {
  const connection = new AbortController();
  const close = () => connection.abort();
  signal.addEventListener('abort', close, { once: true });
  let watch = setTimeout(close, silenceMs);
  try {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (lastId !== '') headers['Last-Event-ID'] = lastId;
    const response = await request(path, { headers, signal: connection.signal });
    if (!response.body) throw new ApiError(0, 'The stream has no body.');
    follower.connected(true);
    const parse = parser(lastId);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return false;
      clearTimeout(watch);
      watch = setTimeout(close, silenceMs);
      for (const event of parse(value)) {
        if (follower.event(event)) return true;
      }
    }
  } finally {
    clearTimeout(watch);
    signal.removeEventListener('abort', close);
    close();
  }
}

/** Returns a function that takes text as it arrives and returns the events that it completes. */
export function parser(id = ''): (text: string) => StreamEvent[] {
  let rest = '';
  let name = '';
  let data: string[] = [];
  return (text) => {
    const events: StreamEvent[] = [];
    const lines = (rest + text).split(/\r\n|\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) events.push({ id, name: name || 'message', data: data.join('\n') });
        name = '';
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'id') id = value;
      else if (field === 'event') name = value;
      else if (field === 'data') data.push(value);
    }
    return events;
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
