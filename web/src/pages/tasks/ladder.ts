// What happens to a run whose server falls silent, as steps: a plain word is a ladder of one step that says no time.

import type { Json } from '../../components/document/document';
import { policyKinds } from './policyWords';
import type { PolicyKind } from './policyWords';

export interface Rung {
  /** For how long the server has been silent, such as "10m"; empty is once it counts as unavailable. */
  after: string;
  do: PolicyKind;
}

/** The most steps that a ladder may have. */
export const mostRungs = 8;

/** Reads the steps of a policy. None is as the virtual server says; null is what the form cannot show. */
export function rungsOf(policy: Json | undefined): Rung[] | null {
  if (policy === undefined || policy === null) return [];
  const word = kindOf(policy);
  if (word) return [{ after: '', do: word }];
  if (!Array.isArray(policy)) return null;
  const rungs = policy.map((step) => {
    if (step === null || typeof step !== 'object' || Array.isArray(step)) return null;
    const kind = kindOf(step.do);
    const { after = '' } = step;
    return kind && typeof after === 'string' ? { after, do: kind } : null;
  });
  return rungs.every((rung) => rung !== null) ? rungs : null;
}

function kindOf(value: Json | undefined): PolicyKind | undefined {
  return policyKinds.find((kind) => kind === value);
}

/** Writes steps as a policy: one that says no time is a plain word. */
export function policyOfRungs(rungs: readonly Rung[]): Json | undefined {
  const [first] = rungs;
  if (!first) return undefined;
  if (rungs.length === 1 && first.after === '') return first.do;
  return rungs.map((rung) => ({ after: rung.after, do: rung.do }));
}

/** Whether a further step could do anything: nothing follows a reset, and after what acts only a reset does. */
export function canClimb(rungs: readonly Rung[]): boolean {
  return rungs.length < mostRungs && rungs.at(-1)?.do !== 'reset';
}

/** Adds a step: what acts once it is not waited any more, and a reset behind that, which gives the run up. */
export function climbed(rungs: readonly Rung[], unavailableAfter: string): Rung[] {
  const last = rungs.at(-1);
  if (!last) return [{ after: '', do: 'recover' }];
  const times = ['2m', '10m', '1h', '6h', '24h', '72h', '168h', '336h'];
  const before = rungs.map((rung, i) =>
    i === 0 && rung.after === '' ? { ...rung, after: unavailableAfter || '2m' } : rung,
  );
  const acts = rungs.some((rung) => rung.do !== 'wait');
  return [...before, { after: times[rungs.length] ?? '720h', do: acts ? 'reset' : 'recover' }];
}
