// Notification rules, which say of what which channels are told, and deliveries, which are notices on their way.

import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { ApiError, get, getAll, part, send } from './api';
import { instant } from './instants';
import type { DeliveryState } from './states';
import type { WireDelivery, WireNotificationRule, WirePage } from './wire';

/** The events that people can be told of, and what they mean. */
export const noticeKinds: Record<string, string> = {
  run_failed: 'a run failed, timed out or was lost, after all its retries',
  run_late: 'a run did not start or end by when it should',
  run_recovered: 'a run went on elsewhere after its server was lost',
  run_succeeded: 'a run succeeded',
  run_reset: 'a run was reset',
  run_cancelled: 'a run was cancelled',
  server_unavailable: 'a job server is unavailable',
  server_back: 'a job server is back',
  occurrence_skipped: 'a trigger was due and no run came of it',
  plan_ended: 'a run of a plan ended',
};

/** A rule as an operator writes it. Empty filters choose all. */
export interface RuleDraft {
  name: string;
  description: string;
  events: string[];
  tasks: string[];
  plans: string[];
  servers: string[];
  labels: Record<string, string>;
  channels: string[];
  disabled: boolean;
}

export interface Rule extends RuleDraft {
  version: number;
}

export const emptyRule: RuleDraft = {
  name: '',
  description: '',
  events: [],
  tasks: [],
  plans: [],
  servers: [],
  labels: {},
  channels: [],
  disabled: false,
};

export function ruleOf(wire: WireNotificationRule): Rule {
  return {
    name: wire.name,
    description: wire.description ?? '',
    events: wire.events,
    tasks: wire.tasks ?? [],
    plans: wire.plans ?? [],
    servers: wire.servers ?? [],
    labels: wire.labels ?? {},
    channels: wire.channels,
    disabled: wire.disabled ?? false,
    version: wire.version,
  };
}

export const rules = queryOptions({
  queryKey: ['notification-rules'],
  queryFn: async ({ signal }) =>
    (await getAll<WireNotificationRule>('/notifications/rules', signal)).map(ruleOf),
});

export async function createRule(draft: RuleDraft): Promise<Rule> {
  const body = { ...draft, name: draft.name.trim() };
  return ruleOf(await send<WireNotificationRule>('POST', '/notifications/rules', { body }));
}

/** Changes a rule that is still as it was read; what others changed meanwhile is not overwritten. */
export async function editRule(before: Rule, draft: RuleDraft): Promise<Rule> {
  const gone = Object.fromEntries(Object.keys(before.labels).map((label) => [label, null]));
  const { description, events, tasks, plans, servers, channels, disabled } = draft;
  const labels = { ...gone, ...draft.labels };
  const body = { description, events, tasks, plans, servers, channels, disabled, labels };
  const path = `/notifications/rules/${part(before.name)}`;
  return ruleOf(await send<WireNotificationRule>('PATCH', path, { body, version: before.version }));
}

export async function setDisabled(rule: string, disabled: boolean): Promise<void> {
  await send('PATCH', `/notifications/rules/${part(rule)}`, { body: { disabled } });
}

export async function deleteRule(name: string): Promise<void> {
  await send('DELETE', `/notifications/rules/${part(name)}`);
}

export interface Delivery {
  id: string;
  channel: string;
  event: string;
  title: string;
  text: string;
  state: DeliveryState;
  tries: number;
  nextAt: Date | null;
  lastError: string;
  createdAt: Date;
  endedAt: Date | null;
  /** The run that it is about, if any. */
  run: string | null;
}

export function deliveryOf(wire: WireDelivery): Delivery {
  return {
    id: wire.id,
    channel: wire.channel,
    event: wire.event,
    title: wire.title,
    text: wire.notice.text,
    state: wire.state,
    tries: wire.tries,
    nextAt: instant(wire.next_at),
    lastError: wire.last_error,
    createdAt: new Date(wire.created_at),
    endedAt: instant(wire.ended_at),
    run: wire.notice.run?.id ?? null,
  };
}

export interface DeliveryFilter {
  channel: string;
  states: readonly string[];
  event: string;
}

/** How many deliveries a page shows at most. */
export const mostDeliveries = 200;
/** A delivery that is sent makes no event, so that the list is asked for anew. */
const pollMs = 5_000;

/** The newest deliveries that a filter chooses. */
export const deliveries = ({ channel, states, event }: DeliveryFilter) =>
  queryOptions({
    queryKey: ['deliveries', channel, states.join(','), event],
    queryFn: async ({ signal }) => {
      const search = new URLSearchParams({ limit: String(mostDeliveries) });
      if (channel !== '') search.set('channel', channel);
      if (states.length > 0) search.set('state', states.join(','));
      if (event !== '') search.set('event', event);
      const page = await get<WirePage<WireDelivery>>(`/notifications/deliveries?${search}`, signal);
      return page.items.map(deliveryOf);
    },
    refetchInterval: pollMs,
    placeholderData: keepPreviousData,
  });

/** Tries a delivery anew and at once, also a dead one. */
export async function retryDelivery(id: string): Promise<Delivery> {
  return deliveryOf(await send<WireDelivery>('POST', `/notifications/deliveries/${part(id)}/retry`));
}

/** Tries deliveries anew, one after the other, and returns how many. One that has gone or was delivered meanwhile does not count. */
export async function retryDeliveries(some: readonly Delivery[]): Promise<number> {
  let tried = 0;
  for (const { id } of some) {
    try {
      await retryDelivery(id);
      tried++;
    } catch (error) {
      if (!(error instanceof ApiError && [404, 409].includes(error.status))) throw error;
    }
  }
  return tried;
}
