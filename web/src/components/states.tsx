// Every state has one icon, one colour and one word. They are defined here and nowhere else.

import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconBan,
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconClockExclamation,
  IconClockHour4,
  IconGhost,
  IconHandStop,
  IconHelpCircle,
  IconHourglassHigh,
  IconPlayerPlay,
  IconPlayerSkipForward,
  IconPlugConnected,
  IconPlugConnectedX,
  IconSend,
  IconTransferOut,
  IconUnlink,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';

import type { State } from '../data/states';

/** What a state means for who looks at it. The colour of each tone is in console.css. */
export type Tone = 'ok' | 'run' | 'warn' | 'bad' | 'idle' | 'held';

export interface StateLook {
  icon: ComponentType<{ size?: number | string; color?: string; 'aria-hidden'?: boolean }>;
  tone: Tone;
  word: string;
}

export const states: Record<State, StateLook> = {
  // Servers.
  online: { icon: IconPlugConnected, tone: 'ok', word: 'online' },
  never_seen: { icon: IconClockHour4, tone: 'idle', word: 'not connected yet' },
  unreachable: { icon: IconAlertTriangle, tone: 'warn', word: 'unreachable' },
  unavailable: { icon: IconPlugConnectedX, tone: 'bad', word: 'unavailable' },
  draining: { icon: IconTransferOut, tone: 'held', word: 'draining' },
  disabled: { icon: IconBan, tone: 'idle', word: 'disabled' },
  // Runs and attempts.
  queued: { icon: IconClock, tone: 'idle', word: 'queued' },
  offered: { icon: IconSend, tone: 'run', word: 'offered' },
  starting: { icon: IconHourglassHigh, tone: 'run', word: 'starting' },
  running: { icon: IconPlayerPlay, tone: 'run', word: 'running' },
  unknown: { icon: IconHelpCircle, tone: 'warn', word: 'unknown' },
  stopping: { icon: IconHandStop, tone: 'warn', word: 'stopping' },
  withdrawn: { icon: IconUnlink, tone: 'idle', word: 'withdrawn' },
  succeeded: { icon: IconCircleCheck, tone: 'ok', word: 'succeeded' },
  failed: { icon: IconCircleX, tone: 'bad', word: 'failed' },
  timed_out: { icon: IconClockExclamation, tone: 'bad', word: 'timed out' },
  cancelled: { icon: IconBan, tone: 'idle', word: 'cancelled' },
  reset: { icon: IconArrowBackUp, tone: 'held', word: 'reset' },
  lost: { icon: IconGhost, tone: 'bad', word: 'lost' },
  // Nodes of plans; they wait as deliveries do.
  skipped: { icon: IconPlayerSkipForward, tone: 'idle', word: 'skipped' },
  // Deliveries of notifications.
  waiting: { icon: IconClock, tone: 'idle', word: 'waiting' },
  delivered: { icon: IconCircleCheck, tone: 'ok', word: 'delivered' },
  dead: { icon: IconCircleX, tone: 'bad', word: 'dead' },
};

/** The CSS colour of a state or of a tone. */
export function colorOf(state: State): string {
  return toneColor(states[state].tone);
}

export function toneColor(tone: Tone): string {
  return `var(--tone-${tone})`;
}
