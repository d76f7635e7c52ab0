// The one stream of events of a browser tab: it asks again for what an event has changed, and knows whether the
// connection stands.

import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState } from 'react';

import { isSignedOut } from './api';
import { session } from './session';
import { follow } from './stream';
import type { WireEvent } from './wire';

/** Events are gathered for so long before what they changed is asked for. */
const gatherMs = 150;
/** However much happens, nothing is asked for more often than that. */
const leastPauseMs = 1_000;
/** While there is no stream, all that is on show is asked for so often. */
const pollMs = 5_000;

/** What the kinds of events begin with, and the first words of the queries whose answers they change. */
const changes: Record<string, (subject: string) => string[][]> = {
  run: (id) => [
    ['summary'],
    ['runs'],
    ['run', id],
    ['servers'],
    ['server'],
    ['what-if'],
    ['effect'],
    ['recoverable'],
    ['concurrency-groups'],
    ['deliveries'],
    // A plan run shows what the runs of its nodes do.
    ['plan-run'],
  ],
  server: (name) => [
    ['servers'],
    ['server', name],
    ['virtual-servers'],
    ['runs'],
    ['run'],
    ['what-if'],
    ['effect'],
    ['rating'],
  ],
  virtual_server: () => [['virtual-servers'], ['servers'], ['server'], ['effect'], ['rating']],
  // A task names an archive, which tells so.
  task: (name) => [['tasks'], ['task', name], ['effect'], ['archives'], ['archive']],
  trigger: () => [['summary'], ['tasks'], ['task'], ['triggers'], ['occurrences']],
  // A pause or its end of all triggers of an owner.
  triggers: () => [['summary'], ['tasks'], ['task'], ['triggers'], ['occurrences']],
  occurrence: () => [['occurrences'], ['tasks']],
  plan: (name) => [['plans'], ['plan', name]],
  plan_run: (id) => [['plan-runs'], ['plan-run', id]],
  calendar: (name) => [['calendars'], ['calendar', name], ['triggers'], ['occurrences']],
  concurrency_group: () => [['concurrency-groups']],
  notification_channel: () => [['channels'], ['deliveries']],
  archive: (name) => [['archives'], ['archive', name]],
  setting: () => [['retention']],
  notification_rule: () => [['notification-rules']],
};

/** Returns the keys of the queries whose answers an event has changed. */
export function changedBy(event: Pick<WireEvent, 'kind' | 'subject'>): string[][] {
  const [about] = event.kind.split('.');
  const keys = changes[about ?? '']?.(event.subject) ?? [];
  return [...keys, ['events', event.subject]];
}

/** Keeps all queries fresh while it is mounted. Returns whether the conductor is connected; null before the first answer. */
export function useLive(): boolean | null {
  const queries = useQueryClient();
  const [connected, setConnected] = useState<boolean | null>(null);

  useEffect(() => {
    const end = new AbortController();
    const changed = new Map<string, string[]>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let flushed = -leastPauseMs;
    const flush = () => {
      timer = undefined;
      flushed = performance.now();
      for (const queryKey of changed.values()) void queries.invalidateQueries({ queryKey });
      changed.clear();
    };
    const soon = () => {
      timer ??= setTimeout(flush, Math.max(gatherMs, flushed + leastPauseMs - performance.now()));
    };
    const follower = {
      event: ({ data, name }: { data: string; name: string }) => {
        if (name !== 'message') return false;
        for (const key of changedBy(JSON.parse(data) as WireEvent)) changed.set(key.join('/'), key);
        soon();
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

  useEffect(() => {
    if (connected !== false) return undefined;
    const timer = setInterval(() => void queries.invalidateQueries({ type: 'active' }), pollMs);
    return () => clearInterval(timer);
  }, [connected, queries]);

  return connected;
}

/** Whether the conductor is connected; null before the first answer. */
export const Connected = createContext<boolean | null>(null);

export function useConnected(): boolean | null {
  return useContext(Connected);
}
