// The audit log: what operators did or tried to do.

import { infiniteQueryOptions } from '@tanstack/react-query';

import { get } from './api';
import { wireInstant } from './instants';
import type { WireDeed, WireOperation, WirePage } from './wire';

export interface Deed {
  id: number;
  at: Date;
  /** Name of the account or token, and the address that the request came from. */
  by: string;
  from: string;
  /** Id of the operation in the API's description, such as declareServerDead. */
  act: string;
  /** What it was done to, such as servers/js-1. */
  subject: string;
  /** What was given as the reason, or empty. */
  reason: string;
  /** The body of the request as JSON, or empty. */
  request: string;
  /** Why it was not done, or null for what was. */
  refusal: string | null;
}

export function deedOf(w: WireDeed): Deed {
  const { id, by, from, act, subject, reason, request, outcome } = w;
  return {
    id,
    at: new Date(w.at),
    by,
    from,
    act,
    subject,
    reason,
    request: request === null ? '' : JSON.stringify(request, null, 2),
    refusal: outcome === 'done' ? null : outcome,
  };
}

/** What the log is filtered by. Empty values choose all. */
export interface DeedFilter {
  by: string;
  act: string;
  subject: string;
  /** Instants, or lengths of time back from now, such as "24h". */
  since: string;
  until: string;
}

export interface DeedPage {
  deeds: Deed[];
  next: string | null;
}

const pageSize = 50;
/** What was refused is no event, so the log is asked for again so often. */
const againMs = 10_000;

export const deeds = (filter: DeedFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter],
    initialPageParam: '',
    queryFn: async ({ pageParam, signal }): Promise<DeedPage> => {
      const query = new URLSearchParams({ limit: String(pageSize) });
      for (const [name, value] of Object.entries(filter) as [string, string][]) {
        const text = value.trim();
        const isTime = name === 'since' || name === 'until';
        if (text !== '') query.set(name, isTime ? wireInstant(text, Date.now()) : text);
      }
      if (pageParam !== '') query.set('cursor', pageParam);
      const page = await get<WirePage<WireDeed>>(`/audit?${query.toString()}`, signal);
      return { deeds: page.items.map(deedOf), next: page.next_cursor };
    },
    getNextPageParam: (last) => last.next,
    placeholderData: (before) => before,
    refetchInterval: againMs,
  });

/** The operations that are kept in the log. */
export const acts: readonly WireOperation[] = [
  'drainServer',
  'activateServer',
  'disableServer',
  'declareServerDead',
  'patchServer',
  'deleteServer',
  'createJoinToken',
  'deleteVirtualServer',
  'deleteMember',
  'cancelRun',
  'resetRun',
  'restartRun',
  'recoverRun',
  'cancelPlanRun',
  'resumePlanRun',
  'pauseTriggers',
  'resumeTriggers',
  'pauseTask',
  'resumeTask',
  'pausePlan',
  'resumePlan',
  'pauseTaskTrigger',
  'resumeTaskTrigger',
  'pausePlanTrigger',
  'resumePlanTrigger',
  'deleteTask',
  'deletePlan',
  'deleteTaskTrigger',
  'deletePlanTrigger',
  'deleteCalendar',
  'deleteConcurrencyGroup',
  'deleteChannel',
  'deleteNotificationRule',
  'patchRetention',
];

const verbs: Record<string, string> = { patch: 'edit', create: 'make', delete: 'remove' };

/** Says an operation in words, such as "declare server dead" for declareServerDead. */
export function actWords(act: string): string {
  const [verb = '', ...rest] = act
    .replaceAll(/([A-Z])/g, ' $1')
    .toLowerCase()
    .split(' ');
  return [verbs[verb] ?? verb, ...rest].join(' ');
}

const pages: Record<string, (name: string) => string> = {
  servers: (name) => `/servers/${name}`,
  'virtual-servers': (name) => `/virtual-servers?show=${name}`,
  tasks: (name) => `/tasks/${name}`,
  plans: (name) => `/plans/${name}`,
  runs: (id) => `/runs/${id}`,
  calendars: (name) => `/settings/calendars/${name}`,
  'concurrency-groups': () => '/settings/limits',
  notifications: () => '/settings/notifications',
  settings: () => '/settings/retention',
};

/** Returns the address of the page that shows what something was done to, or null where no page does. */
export function pageOf(subject: string): string | null {
  const [kind = '', name] = subject.split('/');
  if (name === undefined || name === '') return null;
  return pages[kind]?.(encodeURIComponent(name)) ?? null;
}
