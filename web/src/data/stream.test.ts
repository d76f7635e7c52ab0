import { afterEach, describe, expect, it, vi } from 'vitest';

import { ApiError } from './api';
import { follow, parser } from './stream';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function streamOf(...texts: string[]): Response {
  const encoder = new TextEncoder();
  return new Response(
    new ReadableStream({
      start(controller) {
        for (const text of texts) controller.enqueue(encoder.encode(text));
        controller.close();
      },
    }),
  );
}

describe('parser', () => {
  it('reads events that arrive in pieces', () => {
    const parse = parser();
    expect(parse('id: 7\nevent: out')).toEqual([]);
    expect(parse('put\ndata: {"a"')).toEqual([]);
    expect(parse(':1}\n\n')).toEqual([{ id: '7', name: 'output', data: '{"a":1}' }]);
  });

  it('joins lines of data, passes over comments and keeps the last id', () => {
    const parse = parser();
    expect(parse(': here\nid:1\ndata:a\ndata: b\n\n: there\ndata: c\n\n')).toEqual([
      { id: '1', name: 'message', data: 'a\nb' },
      { id: '1', name: 'message', data: 'c' },
    ]);
  });

  it('gives no event without data', () => {
    expect(parser()('event: end\n\n')).toEqual([]);
  });
});

describe('follow', () => {
  it('goes on after the last event when the connection breaks', async () => {
    const fetched = vi
      .fn<typeof fetch>()
      .mockResolvedValueOnce(streamOf('id: 1\ndata: a\n\n'))
      .mockRejectedValueOnce(new TypeError('network'))
      .mockResolvedValueOnce(streamOf('id: 2\nevent: end\ndata: b\n\n'));
    vi.stubGlobal('fetch', fetched);
    vi.useFakeTimers();
    const seen: string[] = [];
    const states: boolean[] = [];
    const done = follow('/events', new AbortController().signal, {
      event: ({ name, data }) => {
        seen.push(data);
        return name === 'end';
      },
      connected: (now) => states.push(now),
    });
    await vi.runAllTimersAsync();
    await done;
    expect(seen).toEqual(['a', 'b']);
    expect(states).toEqual([true, false, false, true]);
    const headers = fetched.mock.calls.map(([, init]) => init?.headers as Record<string, string>);
    expect(headers.map((h) => h['Last-Event-ID'])).toEqual([undefined, '1', '1']);
  });

  it('gives up where the caller is refused', async () => {
    vi.stubGlobal('fetch', vi.fn<typeof fetch>().mockResolvedValue(new Response('{}', { status: 401 })));
    await expect(follow('/events', new AbortController().signal, { event: () => false })).rejects.toThrow(
      ApiError,
    );
  });

  it('takes a connection that has fallen silent for lost', async () => {
    vi.useFakeTimers();
    const silent = (_: unknown, init?: RequestInit) =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            start(controller) {
              init?.signal?.addEventListener('abort', () => {
                controller.error(new Error('aborted'));
              });
            },
          }),
        ),
      );
    vi.stubGlobal('fetch', vi.fn(silent));
    const end = new AbortController();
    const states: boolean[] = [];
    const done = follow('/events', end.signal, { event: () => false, connected: (now) => states.push(now) });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(states).toEqual([true]);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(states.slice(0, 2)).toEqual([true, false]);
    end.abort();
    await vi.runAllTimersAsync();
    await done;
  });
});
