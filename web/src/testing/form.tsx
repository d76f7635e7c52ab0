// Shows fields of a document's form without the page that they are part of.

import { useState } from 'react';
import type { ReactNode } from 'react';

import { put } from '../components/document/document';
import type { JsonObject } from '../components/document/document';
import { Form } from '../components/document/fields';
import { showLinked, showPart } from './console';
import type { Answers } from './console';

interface Around {
  spec?: JsonObject;
  /** What the conductor has refused, by field. */
  errors?: Record<string, string>;
  readOnly?: boolean;
  answers?: Answers;
  /** Whether the fields lead to pages. They are on show a moment later then. */
  linked?: boolean;
}

/** Shows the fields. What is returned tells the document as it is by now. */
export function showFields(
  fields: ReactNode,
  { spec: first = {}, errors = {}, readOnly = false, answers, linked = false }: Around,
) {
  let latest = first;
  function Harness() {
    const [spec, setSpec] = useState(first);
    latest = spec;
    return (
      <Form
        value={{
          spec,
          setAt: (path, value) => setSpec((before) => put(before, path, value)),
          errors: new Map(Object.entries(errors)),
          refused: null,
          readOnly,
        }}
      >
        {fields}
      </Form>
    );
  }
  (linked ? showLinked : showPart)(<Harness />, answers);
  return { spec: () => latest };
}
