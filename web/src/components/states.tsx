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
  IconPlugConnected,
  IconPlugConnectedX,
  IconSend,
  IconTransferOut,
  IconUnlink,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';

import type { State } from '../data/model';

export interface StateLook {
  icon: ComponentType<{ size?: number | string; 'aria-hidden'?: boolean }>;
  /** A colour of the theme. */
  color: string;
  word: string;
}

export const states: Record<State, StateLook> = {
  // Servers.
  online: { icon: IconPlugConnected, color: 'teal', word: 'online' },
  never_seen: { icon: IconClockHour4, color: 'gray', word: 'not connected yet' },
  unreachable: { icon: IconAlertTriangle, color: 'yellow', word: 'unreachable' },
  unavailable: { icon: IconPlugConnectedX, color: 'red', word: 'unavailable' },
  draining: { icon: IconTransferOut, color: 'grape', word: 'draining' },
  disabled: { icon: IconBan, color: 'gray', word: 'disabled' },
  // Runs and attempts.
  queued: { icon: IconClock, color: 'gray', word: 'queued' },
  offered: { icon: IconSend, color: 'cyan', word: 'offered' },
  starting: { icon: IconHourglassHigh, color: 'cyan', word: 'starting' },
  running: { icon: IconPlayerPlay, color: 'blue', word: 'running' },
  unknown: { icon: IconHelpCircle, color: 'yellow', word: 'unknown' },
  stopping: { icon: IconHandStop, color: 'orange', word: 'stopping' },
  withdrawn: { icon: IconUnlink, color: 'gray', word: 'withdrawn' },
  succeeded: { icon: IconCircleCheck, color: 'teal', word: 'succeeded' },
  failed: { icon: IconCircleX, color: 'red', word: 'failed' },
  timed_out: { icon: IconClockExclamation, color: 'red', word: 'timed out' },
  cancelled: { icon: IconBan, color: 'gray', word: 'cancelled' },
  reset: { icon: IconArrowBackUp, color: 'grape', word: 'reset' },
  lost: { icon: IconGhost, color: 'red', word: 'lost' },
};
