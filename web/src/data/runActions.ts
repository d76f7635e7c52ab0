// What an operator does with a run.

import { part, send } from './api';
import { runOf } from './runs';
import type { Intent, Run } from './runs';
import { hasEnded } from './states';
import type { WireRun } from './wire';

/** Cancels, resets or restarts a run, or recovers it from a checkpoint; without one, from the last. */
export async function act(run: string, intent: Intent, checkpoint?: number): Promise<Run> {
  const body = intent === 'recover' && checkpoint !== undefined ? { checkpoint } : undefined;
  const path = `/runs/${part(run)}/${intent}`;
  return runOf(await send<WireRun>('POST', path, body === undefined ? {} : { body }));
}

/** Keeps a run whatever the rules of retention say, or leaves it to them again. */
export async function pin(run: string, on: boolean): Promise<Run> {
  return runOf(await send<WireRun>('POST', `/runs/${part(run)}/${on ? 'pin' : 'unpin'}`));
}

/** Asks for a run of a task now. */
export async function startRun(task: string, params: Record<string, string>): Promise<Run> {
  const body = Object.keys(params).length === 0 ? {} : { params };
  return runOf(await send<WireRun>('POST', `/tasks/${part(task)}/runs`, { body }));
}

/** What can be done with a run as it is now. */
export function possible(run: Pick<Run, 'state' | 'pending'>): Record<Intent, boolean> {
  const over = hasEnded(run.state);
  const again = !over || run.state !== 'succeeded';
  return {
    cancel: !over && run.pending !== 'cancel',
    reset: !over && run.pending !== 'reset',
    restart: again,
    recover: again,
  };
}
