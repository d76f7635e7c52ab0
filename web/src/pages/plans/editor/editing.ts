import { createContext, useContext } from 'react';

import type { JsonObject } from '../../../components/document/document';
import type { Graph } from '../../../data/plans';
import type { Outcome } from './edits';
import type { Place } from './model';

/** What is asked for in a dialog of its own. */
export type Question = { kind: 'add'; follows: string | null } | { kind: 'connect'; from: string };

/** A plan that is being edited, for the parts of its editor. */
export interface PlanEditing {
  spec: JsonObject;
  graph: Graph;
  readOnly: boolean;
  chosen: Place | null;
  choose: (place: Place | null) => void;
  /** What was refused, by the keys of places. */
  faults: ReadonlyMap<string, string[]>;
  /** Makes a change, or says why it cannot be made. Says it to who listens, and returns whether it was made. */
  apply: (outcome: Outcome, said: string) => boolean;
  ask: (question: Question) => void;
}

export const Editing = createContext<PlanEditing | null>(null);

export function useEditing(): PlanEditing {
  const editing = useContext(Editing);
  if (!editing) throw new Error('there is no plan that is edited around this');
  return editing;
}
