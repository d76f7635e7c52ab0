// The pages that one can go to, in the order of the navigation.

import {
  IconArrowBackUpDouble,
  IconChartBar,
  IconHierarchy2,
  IconLayoutDashboard,
  IconListCheck,
  IconPlayerPlay,
  IconServer,
  IconSettings,
  IconStack2,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';

export interface Place {
  name: string;
  /** For the bar on a phone, where the name is too long. */
  short?: string;
  to: string;
  icon: ComponentType<{ size?: number | string; stroke?: number; 'aria-hidden'?: boolean }>;
  /** The key that leads there after "g". */
  key: string;
  /** Stands in the bar on a phone; the others are behind "More". */
  phone?: boolean;
}

export const places: readonly Place[] = [
  { name: 'Overview', to: '/', icon: IconLayoutDashboard, key: 'o', phone: true },
  { name: 'Runs', to: '/runs', icon: IconPlayerPlay, key: 'r', phone: true },
  { name: 'Tasks', to: '/tasks', icon: IconListCheck, key: 't' },
  { name: 'Plans', to: '/plans', icon: IconHierarchy2, key: 'p' },
  { name: 'Timeline', to: '/timeline', icon: IconChartBar, key: 'l' },
  {
    name: 'Virtual servers',
    short: 'Groups',
    to: '/virtual-servers',
    icon: IconStack2,
    key: 'v',
    phone: true,
  },
  { name: 'Servers', to: '/servers', icon: IconServer, key: 's', phone: true },
  { name: 'Recovery', to: '/recovery', icon: IconArrowBackUpDouble, key: 'y' },
  { name: 'Settings', to: '/settings', icon: IconSettings, key: 'e' },
];

/** Whether an address is of a place or below it. */
export function isAt(place: Place, path: string): boolean {
  return place.to === '/' ? path === '/' : path === place.to || path.startsWith(`${place.to}/`);
}
