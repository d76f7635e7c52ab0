// Follows the output of a run, live.

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { part } from './api';
import { Output } from './output';
import { run as runQuery } from './runs';
import { follow } from './stream';
import type { WireLogChunk, WireRun } from './wire';

export interface LiveOutput {
  /** The same object as before while it grows; grown tells that it did. */
  output: Output;
  grown: number;
  /** The attempt whose output it is, 0 before the first. */
  attempt: number;
  /** Whether nothing can follow. */
  ended: boolean;
  error: string | null;
}

/** Output is shown at most so often. */
const showMs = 80;

const nothing = (): LiveOutput => ({ output: new Output(), grown: 0, attempt: 0, ended: false, error: null });

/** Follows the output of an attempt while it is mounted; without one, that of the newest, from attempt to attempt. */
export function useOutput(run: string, attempt: number | null): LiveOutput {
  const queries = useQueryClient();
  const [live, setLive] = useState(nothing);

  useEffect(() => {
    const end = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let now = nothing();
    const show = (more: Partial<LiveOutput> = {}) => {
      clearTimeout(timer);
      timer = undefined;
      now = { ...now, ...more, grown: now.grown + 1 };
      setLive(now);
    };
    const begin = (number: number): boolean => {
      if (now.attempt === number) return false;
      // What comes after the attempt that was asked for is of another.
      if (attempt !== null && number !== attempt) return true;
      show({ output: new Output(), attempt: number });
      return false;
    };
    const progress = (status: Pick<WireRun, 'progress'>) => {
      queries.setQueryData(runQuery(run).queryKey, (old) => old && { ...old, progress: status.progress });
    };
    const follower = {
      event: ({ name, data }: { name: string; data: string }) => {
        if (name === 'attempt') return begin((JSON.parse(data) as { attempt: number }).attempt);
        if (name === 'run') progress(JSON.parse(data) as Pick<WireRun, 'progress'>);
        if (name === 'output') {
          const chunk = JSON.parse(data) as WireLogChunk;
          if (begin(chunk.attempt)) return true;
          now.output.add(chunk);
          timer ??= setTimeout(show, showMs);
        }
        return name === 'end';
      },
    };
    const of = attempt === null ? '' : `&attempt=${attempt}`;
    follow(`/runs/${part(run)}/log?follow=true${of}`, end.signal, follower)
      .then(() => {
        if (!end.signal.aborted) show({ ended: true });
      })
      .catch((error: unknown) =>
        show({ ended: true, error: error instanceof Error ? error.message : String(error) }),
      );
    return () => {
      clearTimeout(timer);
      end.abort();
      setLive(nothing());
    };
  }, [run, attempt, queries]);

  return live;
}

/** Where the whole output of an attempt can be downloaded. */
export function outputAddress(run: string, attempt: number): string {
  return `/api/v1/runs/${part(run)}/log?attempt=${attempt}&download=true`;
}
