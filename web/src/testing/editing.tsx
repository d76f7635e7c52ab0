// Shows a part of the editor of plans around a plan that is being edited.

import { screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { vi } from 'vitest';

import { put } from '../components/document/document';
import type { JsonObject } from '../components/document/document';
import { Form } from '../components/document/fields';
import { Editing } from '../pages/plans/editor/editing';
import type { PlanEditing } from '../pages/plans/editor/editing';
import { graphOf } from '../pages/plans/editor/model';
import type { Place } from '../pages/plans/editor/model';
import { showPart } from './console';
import type { Answers } from './console';

interface Options {
  spec?: JsonObject;
  chosen?: Place | null;
  readOnly?: boolean;
  /** What was refused, by the keys of places; and by the paths of fields. */
  faults?: Record<string, string[]>;
  errors?: Record<string, string>;
  answers?: Answers;
}

/** A plan of which a report follows what it is about. */
export const nightly: JsonObject = {
  name: 'nightly',
  nodes: [
    { name: 'extract', task: 'extract-orders' },
    { name: 'report', task: 'report-orders' },
  ],
  edges: [{ from: 'extract', to: 'report' }],
};

/** Shows a part of the editor. Returns what has become of the plan, what is chosen, and what was asked and said. */
export function showEditing(part: ReactNode, options: Options = {}) {
  const { spec: first = nightly, chosen: begun = null, readOnly = false, faults = {}, errors = {} } = options;
  const ask = vi.fn<PlanEditing['ask']>();
  const said: string[] = [];
  const now = { spec: first, chosen: begun };
  function Bench() {
    const [spec, setSpec] = useState(first);
    const [chosen, choose] = useState(begun);
    Object.assign(now, { spec, chosen });
    const editing: PlanEditing = {
      spec,
      graph: graphOf(spec),
      readOnly,
      chosen,
      choose,
      faults: new Map(Object.entries(faults)),
      ask,
      apply: (outcome, words) => {
        if ('spec' in outcome) setSpec(outcome.spec);
        said.push('fault' in outcome ? outcome.fault : words);
        return 'spec' in outcome;
      },
    };
    const setAt: Parameters<typeof Form.Provider>[0]['value']['setAt'] = (path, value) =>
      setSpec((before) => put(before, path, value));
    return (
      <Editing value={editing}>
        <Form value={{ spec, setAt, errors: new Map(Object.entries(errors)), refused: null, readOnly }}>
          {part}
        </Form>
      </Editing>
    );
  }
  showPart(<Bench />, options.answers);
  return { now, ask, said };
}

/** The buttons whose names are given, as they are found now. */
export const button = (name: string | RegExp) => screen.getByRole<HTMLButtonElement>('button', { name });
