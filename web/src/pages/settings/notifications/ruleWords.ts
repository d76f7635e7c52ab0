import type { RuleDraft } from '../../../data/notices';

/** Says in one sentence what a rule does, such as "chat of run failed, run late; tasks load-*". */
export function ruleWords({ events, channels, tasks, plans, servers, labels }: RuleDraft): string {
  const filters = [
    tasks.length > 0 && `tasks ${tasks.join(', ')}`,
    plans.length > 0 && `plans ${plans.join(', ')}`,
    servers.length > 0 && `servers ${servers.join(', ')}`,
    ...Object.entries(labels).map(([key, value]) => `label ${key}=${value}`),
  ].filter((words) => words !== false);
  return [`${channels.join(', ')} of ${events.map(eventWords).join(', ')}`, ...filters].join('; ');
}

/** Writes an event as people read it: run_failed as "run failed". */
export function eventWords(event: string): string {
  return event.replaceAll('_', ' ');
}
