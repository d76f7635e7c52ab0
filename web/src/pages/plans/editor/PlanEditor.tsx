import { TextInput, VisuallyHidden } from '@mantine/core';
import { useContext, useMemo, useState } from 'react';
import type { ReactNode } from 'react';

import { mergePatch } from '../../../components/document/document';
import type { DocumentKind, JsonObject } from '../../../components/document/document';
import { pathOf } from '../../../components/document/document';
import { DocumentEditor } from '../../../components/document/DocumentEditor';
import { Form } from '../../../components/document/fields';
import { useDocument } from '../../../components/document/useDocument';
import type { EditedDocument } from '../../../components/document/useDocument';
import { useMay } from '../../../data/permissions';
import { createPlan, editPlan } from '../../../data/plans';
import type { Graph, Plan } from '../../../data/plans';
import { Canvas } from './Canvas';
import classes from './Canvas.module.css';
import { Details } from './Details';
import { Editing } from './editing';
import type { PlanEditing, Question } from './editing';
import { errorsNow, faultsOf, placeOf } from './faults';
import { graphOf, has, hintsOf, textOf } from './model';
import type { Place } from './model';
import { AddNode, ConnectTo } from './Questions';

interface Props {
  /** The plan to edit; null for a new one. */
  plan: Plan | null;
  /** What a new plan begins with. */
  first?: JsonObject;
  onSaved: (plan: Plan) => void;
}

const begun: JsonObject = { name: '', nodes: [] };

const kind: DocumentKind = {
  noun: 'plan',
  example: 'name: nightly',
  order: [
    'name',
    'description',
    'params',
    'max_concurrent',
    'when_busy',
    'max_queued',
    'max_queue_time',
    'nodes',
    'groups',
    'edges',
    'labels',
  ],
};

/** A plan as a graph to draw in, and beside it as YAML: the same object. */
export function PlanEditor({ plan, first = begun, onSaved }: Props) {
  const may = useMay();
  const spec = (plan?.spec ?? first) as unknown as JsonObject;
  const document = useDocument(kind, { spec, version: plan?.version ?? null });
  const [chosen, choose] = useState<Place | null>(null);
  const [withYaml, showYaml] = useState(true);
  const readOnly = !may(plan ? 'plan.edit' : 'plan.create');
  return (
    <DocumentEditor
      document={document}
      readOnly={readOnly}
      withYaml={withYaml}
      save={({ base, spec }) =>
        plan && base.version !== null
          ? editPlan(plan.name, mergePatch(base.spec, spec), base.version)
          : createPlan(spec)
      }
      changes={[['plans'], ['plan']]}
      onSaved={onSaved}
      point={(field, refused) => {
        const place = placeOf(refused.spec, pathOf(field));
        return place && has(graphOf(document.spec), place) ? () => choose(place) : null;
      }}
    >
      <Bench document={document} chosen={chosen} choose={choose}>
        {plan === null && <NewName document={document} />}
        <Canvas withYaml={withYaml} showYaml={showYaml} />
      </Bench>
    </DocumentEditor>
  );
}

/** The canvas and what is chosen on it, with what was refused at its place. */
function Bench({
  document,
  chosen: wanted,
  choose,
  children,
}: {
  document: EditedDocument;
  chosen: Place | null;
  choose: (place: Place | null) => void;
  children: ReactNode;
}) {
  const form = useContext(Form);
  const { spec, refused, readOnly } = form;
  // What a node's own settings say does not change how the graph is drawn.
  const drawn = JSON.stringify(graphOf(spec));
  const graph = useMemo(() => JSON.parse(drawn) as Graph, [drawn]);
  const hints = useMemo(() => hintsOf(graph), [graph]);
  const faults = useMemo(() => faultsOf(refused), [refused]);
  const [question, ask] = useState<Question | null>(null);
  const [spoken, speak] = useState('');
  const editing: PlanEditing = {
    spec,
    graph,
    readOnly,
    chosen: wanted && has(graph, wanted) ? wanted : null,
    choose,
    faults,
    ask,
    apply: (outcome, said) => {
      if ('spec' in outcome) document.change(() => outcome.spec);
      speak('fault' in outcome ? outcome.fault : said);
      return 'spec' in outcome;
    },
  };
  return (
    <Editing value={editing}>
      <Form value={{ ...form, errors: errorsNow(refused, spec) }}>
        <div className={classes.bench}>
          {children}
          {hints.length > 0 && graph.nodes.length > 0 && (
            <ul className={classes.hints} aria-label="What is not right yet">
              {hints.map((hint) => (
                <li key={hint}>{hint}</li>
              ))}
            </ul>
          )}
          <Details />
        </div>
        {question?.kind === 'add' && <AddNode follows={question.follows} close={() => ask(null)} />}
        {question?.kind === 'connect' && <ConnectTo from={question.from} close={() => ask(null)} />}
        <VisuallyHidden role="status" aria-live="assertive" data-spoken>
          {spoken}
        </VisuallyHidden>
        <VisuallyHidden id="how-to-draw">
          Arrow keys lead from one to the next. Enter chooses, C connects, Delete removes, shift and an arrow
          key move.
        </VisuallyHidden>
      </Form>
    </Editing>
  );
}

function NewName({ document }: { document: EditedDocument }) {
  const { errors } = useContext(Form);
  return (
    <TextInput
      label="Name"
      description="1 to 63 of a-z 0-9 - _ ."
      placeholder="nightly"
      required
      value={textOf(document.spec.name)}
      error={errors.get('name')}
      onChange={(event) => document.setAt(['name'], event.currentTarget.value)}
    />
  );
}
