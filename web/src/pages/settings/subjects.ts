// The sub-pages of the settings, in the order of their navigation.

import {
  IconArchive,
  IconBell,
  IconCalendar,
  IconFileSearch,
  IconHourglass,
  IconInfoCircle,
  IconTrafficCone,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';

export interface Subject {
  name: string;
  to: string;
  icon: ComponentType<{ size?: number | string; stroke?: number; 'aria-hidden'?: boolean }>;
  /** One sentence on what is set there. */
  about: string;
}

export const subjects: readonly Subject[] = [
  {
    name: 'Archives',
    to: '/settings/archives',
    icon: IconArchive,
    about: 'Packages of jobs, in versions: what job servers fetch and run.',
  },
  {
    name: 'Calendars',
    to: '/settings/calendars',
    icon: IconCalendar,
    about: 'Days and hours at which triggers are due, or are not: holidays, weekends, opening hours.',
  },
  {
    name: 'Notifications',
    to: '/settings/notifications',
    icon: IconBell,
    about: 'Who is told of what, by e-mail or webhook, and what became of each notice.',
  },
  {
    name: 'Limits',
    to: '/settings/limits',
    icon: IconTrafficCone,
    about: 'Concurrency groups: how many runs of several tasks may be active at once.',
  },
  {
    name: 'Retention',
    to: '/settings/retention',
    icon: IconHourglass,
    about: 'For how long runs, their output and checkpoints, events and occurrences are kept.',
  },
  {
    name: 'Audit log',
    to: '/settings/audit',
    icon: IconFileSearch,
    about: 'Who did what, when, from where and why: servers drained, runs cancelled, whatever was removed.',
  },
  {
    name: 'About',
    to: '/settings/about',
    icon: IconInfoCircle,
    about: 'Version, state of the conductor, its API and its licence.',
  },
];
