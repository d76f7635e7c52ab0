import { useState } from 'react';

import { fromYaml, put, toYaml } from './document';
import type { Fault, Json, JsonObject, Parsed, Path } from './document';

export interface TaskDocument {
  /** The task as it stands; while the YAML cannot be read, as it last stood. */
  spec: JsonObject;
  text: string;
  /** Why the YAML cannot be read. */
  faults: Fault[];
  setAt: (path: Path, value: Json | undefined) => void;
  setText: (text: string) => void;
  /** Begins anew with another task. */
  replace: (spec: JsonObject) => void;
  lineOf: Parsed['lineOf'];
}

/** One task, changed by a form and by YAML: whatever changes one shows in the other. */
export function useDocument(first: JsonObject): TaskDocument {
  const [state, setState] = useState(() => ({ spec: first, text: toYaml(first), faults: [] as Fault[] }));
  const replace = (spec: JsonObject) => setState({ spec, text: toYaml(spec), faults: [] });
  return {
    ...state,
    replace,
    setAt: (path, value) => {
      setState((before) => {
        const spec = put(before.spec, path, value);
        return { spec, text: toYaml(spec), faults: [] };
      });
    },
    setText: (text) => {
      const { spec, faults } = fromYaml(text);
      setState((before) => ({ spec: spec ?? before.spec, text, faults }));
    },
    lineOf: (path) => fromYaml(state.text).lineOf(path),
  };
}
