// What happens to a run whose server goes away, in plain sentences.

import { duration, milliseconds } from '../../data/instants';

export const policyKinds = ['wait', 'reset', 'restart', 'recover'] as const;
export type PolicyKind = (typeof policyKinds)[number];

export interface PolicyStep {
  /** A duration such as "2m". */
  after: string;
  do: PolicyKind;
}

export interface PolicySettings {
  /** A word, a ladder, or null where the virtual server says it. */
  policy: PolicyKind | readonly PolicyStep[] | null;
  /** A duration, or null where the virtual server or the server says it. */
  unavailableAfter: string | null;
  leaveRunning: boolean;
  /** Whether its runs go to a virtual server, where another member can take them. */
  grouped: boolean;
}

const does: Record<PolicyKind, (grouped: boolean) => string> = {
  wait: () => 'the run waits for its server, for as long as it takes',
  reset: () => 'the run ends as reset; the task can be run again, and nothing starts it by itself',
  restart: (grouped) =>
    grouped
      ? 'the run begins again from the beginning, on the best-rated other server'
      : 'the run begins again from the beginning, once its server is there again',
  recover: (grouped) =>
    grouped
      ? 'the run goes on from its last checkpoint, on the best-rated other server'
      : 'the run goes on from its last checkpoint, once its server is there again',
};

/** Returns what a policy comes to: what its first step that does not wait does. Null where the virtual server says it. */
export function comesTo(policy: PolicySettings['policy']): PolicyKind | null {
  if (policy === null || typeof policy === 'string') return policy;
  return policy.find((step) => step.do !== 'wait')?.do ?? 'wait';
}

/** Says in a few sentences what happens from the moment at which the server falls silent. */
export function policyWords(s: PolicySettings): string[] {
  const words = ['After about 5 s of silence the run shows as unknown. Its job may still be running.'];
  const long = (text: string) => {
    const ms = milliseconds(text);
    return Number.isNaN(ms)
      ? text
      : duration(ms)
          .replace(/\.0 s$/, ' s')
          .replace(/ 0 [sm]$/, '');
  };
  const when =
    s.unavailableAfter === null
      ? 'the time that the server is given (120 s unless set)'
      : long(s.unavailableAfter);
  if (s.policy === null) {
    words.push(
      `After ${when} the policy of the virtual server decides; without one the run waits for its server.`,
    );
  } else if (typeof s.policy === 'string') {
    words.push(sentence(s.policy === 'wait' ? '' : `After ${when}, `, s.policy, s.grouped));
  } else {
    s.policy.forEach((step, i, all) => {
      const begin = `After ${step.after === '' ? when : long(step.after)}, `;
      const acted = all.slice(0, i).some(({ do: kind }) => kind !== 'wait');
      if (step.do === 'reset' && acted) words.push(`${begin}a run that has no server by then is reset.`);
      else if (step.do === 'wait' && i < all.length - 1) words.push(`${begin}it still waits for its server.`);
      else words.push(sentence(begin, step.do, s.grouped));
    });
  }
  const acts = comesTo(s.policy);
  if (acts === 'reset' && s.leaveRunning) {
    words.push('The cut-off job is left running: a run that is started anew may overlap with it.');
  } else if (acts === 'reset' || acts === 'restart' || acts === 'recover') {
    words.push('By then the cut-off job has been stopped by its lease, so that two never run at once.');
  }
  return words;
}

function sentence(begin: string, kind: PolicyKind, grouped: boolean): string {
  const text = begin + does[kind](grouped);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
