// Checkpoints: state that a running job handed over, and from which a run can be taken up again.

import { part } from './api';
import type { WireCheckpoint } from './wire';

export interface Checkpoint {
  /** Counts the checkpoints of a run over all of its attempts, from 1. */
  sequence: number;
  attempt: number;
  name: string;
  /** A label keeps it from being pruned; empty without. */
  label: string;
  /** What to do where the job fails after it, as the job wrote it; empty without. */
  instructions: string;
  /** For a job of steps: how many steps had ended well before it. */
  step: number;
  /** Bytes of its content. */
  size: number;
  createdAt: Date;
}

export function checkpointOf(w: WireCheckpoint): Checkpoint {
  return {
    sequence: w.sequence,
    attempt: w.attempt,
    name: w.name,
    label: w.label,
    instructions: w.instructions,
    step: w.step,
    size: w.size,
    createdAt: new Date(w.created_at),
  };
}

/** Where the content of a checkpoint can be downloaded, as a tar archive. */
export function contentAddress(run: string, sequence: number): string {
  return `/api/v1/runs/${part(run)}/checkpoints/${sequence}/content`;
}
