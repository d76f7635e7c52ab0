import { ActionIcon, Button, Select, Text, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useContext } from 'react';

import { at } from '../../components/document/document';
import type { JsonObject } from '../../components/document/document';
import { Form, SwitchField, TextField } from '../../components/document/fields';
import classes from './Editor.module.css';
import { canClimb, climbed, policyOfRungs, rungsOf } from './ladder';
import type { Rung } from './ladder';
import { comesTo, policyWords } from './policyWords';
import type { PolicyKind, PolicySettings } from './policyWords';

const choices: { value: PolicyKind; label: string }[] = [
  { value: 'wait', label: 'wait for it' },
  { value: 'recover', label: 'recover from its checkpoint' },
  { value: 'restart', label: 'restart from the beginning' },
  { value: 'reset', label: 'end as reset' },
];

/** What happens to a run whose server goes away, as a ladder of steps, and what that means in plain sentences. */
export function PolicyFields() {
  const { spec, setAt, readOnly } = useContext(Form);
  const rungs = rungsOf(spec.on_unavailable);
  const after = at(spec, ['unavailable_after']);
  const write = (next: Rung[]) => setAt(['on_unavailable'], policyOfRungs(next));
  const settings = policyOf(spec);
  return (
    <>
      {rungs === null ? (
        <Text size="sm">The form cannot show this policy. Change it in the YAML.</Text>
      ) : (
        <div role="group" aria-label="Steps">
          {rungs.length === 0 && (
            <Text size="sm">As its virtual server says; without that, the run waits.</Text>
          )}
          {rungs.map((rung, i) => (
            <Step
              key={i}
              place={i}
              rung={rung}
              single={rungs.length === 1}
              change={(next) => write(rungs.map((other, j) => (j === i ? next : other)))}
              remove={() => write(rungs.filter((_, j) => j !== i))}
            />
          ))}
          {!readOnly && canClimb(rungs) && (
            <Button
              size="compact-sm"
              variant="subtle"
              leftSection={<IconPlus size={14} />}
              onClick={() => write(climbed(rungs, typeof after === 'string' ? after : ''))}
            >
              {rungs.length === 0 ? 'Say what happens' : 'Add a further step'}
            </Button>
          )}
        </div>
      )}
      <TextField
        path={['unavailable_after']}
        label="Unavailable after"
        placeholder="as the server says"
        hint="5s to 720h of silence"
      />
      {(comesTo(settings.policy) === 'reset' || settings.leaveRunning) && (
        <SwitchField
          path={['leave_running']}
          label="Leave the cut-off job running"
          hint="A run that is started anew may then overlap with it."
        />
      )}
      <div className={classes.words} aria-live="polite">
        {policyWords(settings).map((sentence) => (
          <Text key={sentence} size="sm" c="dimmed">
            {sentence}
          </Text>
        ))}
      </div>
    </>
  );
}

interface StepProps {
  place: number;
  rung: Rung;
  /** The only step may leave out its time. */
  single: boolean;
  change: (rung: Rung) => void;
  remove: () => void;
}

function Step({ place, rung, single, change, remove }: StepProps) {
  const { errors, readOnly } = useContext(Form);
  const field = `on_unavailable[${place}]`;
  const wrong = (name: string) => errors.get(`${field}.${name}`);
  return (
    <div className={classes.rung}>
      <TextInput
        label={place === 0 ? 'After a silence of' : 'And after'}
        aria-label={`Step ${place + 1}: after a silence of`}
        placeholder={single ? 'once it is unavailable' : '10m'}
        readOnly={readOnly}
        value={rung.after}
        error={wrong('after')}
        onChange={(event) => change({ ...rung, after: event.currentTarget.value })}
      />
      <Select
        label="the run is to"
        aria-label={`Step ${place + 1}: the run is to`}
        data={choices}
        allowDeselect={false}
        readOnly={readOnly}
        value={rung.do}
        error={wrong('do') ?? errors.get(field)}
        onChange={(next) => change({ ...rung, do: next as PolicyKind })}
      />
      {!readOnly && (
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={`Remove step ${place + 1}`}
          onClick={remove}
        >
          <IconTrash size={16} />
        </ActionIcon>
      )}
    </div>
  );
}

/** Reads of a document what happens to its runs when their server goes away. */
export function policyOf(spec: JsonObject): PolicySettings {
  const rungs = rungsOf(spec.on_unavailable) ?? [];
  const [first] = rungs;
  const after = at(spec, ['unavailable_after']);
  return {
    policy: !first ? null : rungs.length === 1 && first.after === '' ? first.do : rungs,
    unavailableAfter: typeof after === 'string' && after !== '' ? after : null,
    leaveRunning: at(spec, ['leave_running']) === true,
    grouped: at(spec, ['target', 'server']) === undefined,
  };
}
