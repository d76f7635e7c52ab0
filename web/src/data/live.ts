// The one stream of events of a browser tab: it asks again for what an event has changed, and knows whether the
// connection stands.

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { isSignedOut } from './api';
import { session } from './queries';
import { follow } from './stream';
import type { WireEvent } from './wire';

/** Events are gathered for so long before what they changed is asked for. */
const gatherMs = 150;

/** Returns the keys of the queries whose answers an event has changed. */
export function changedBy(event: Pick<WireEvent, 'kind' | 'subject'>): string[][] {
  const [about] = event.kind.split('.');
  switch (about) {
    case 'run':
      return [['runs'], ['run', event.subject], ['servers']];
    case 'server':
      return [['servers'], ['virtual-servers'], ['runs'], ['run']];
    case 'virtual_server':
      return [['virtual-servers'], ['servers']];
    default:
      return [];
  }
}

/** Keeps all queries fresh while it is mounted. Returns whether the conductor is connected; null before the first answer. */
export function useLive(): boolean | null {
  const queries = useQueryClient();
  const [connected, setConnected] = useState<boolean | null>(null);

  useEffect(() => {
    const end = new AbortController();
    const changed = new Map<string, string[]>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      for (const queryKey of changed.values()) void queries.invalidateQueries({ queryKey });
      changed.clear();
    };
    const follower = {
      event: ({ data, name }: { data: string; name: string }) => {
        if (name === 'position') return false;
        for (const key of changedBy(JSON.parse(data) as WireEvent)) changed.set(key.join('/'), key);
        timer ??= setTimeout(flush, gatherMs);
        return false;
      },
      connected: (now: boolean) => {
        setConnected((before) => {
          // What happened while the connection was lost may be more than the stream tells.
          if (now && before === false) void queries.invalidateQueries();
          return now;
        });
      },
    };
    follow('/events?follow=true', end.signal, follower).catch((error: unknown) => {
      setConnected(false);
      if (isSignedOut(error)) void queries.resetQueries({ queryKey: session.queryKey });
    });
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [queries]);

  return connected;
}
