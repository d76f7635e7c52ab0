import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useContext } from 'react';
import type { ReactNode } from 'react';

import { servers } from '../../data/servers';
import { virtualServers } from '../../data/virtualServers';
import { at } from '../../components/document/document';
import type { Json } from '../../components/document/document';
import classes from './Editor.module.css';
import {
  ChoiceField,
  Form,
  LinesField,
  PairsField,
  SwitchField,
  TextArea,
  TextField,
  WholeField,
} from '../../components/document/fields';
import { policyKinds, policyWords } from './policyWords';
import type { PolicySettings } from './policyWords';

/** The form of a task, in sections. What it does not know is left as it is, and can be changed in the YAML beside it. */
export function TaskForm({ isNew }: { isNew: boolean }) {
  return (
    <div className={classes.form}>
      <Section title="What it is">
        {isNew && (
          <TextField
            path={['name']}
            label="Name"
            hint="1 to 63 of a-z 0-9 - _ ."
            placeholder="load-orders"
            required
          />
        )}
        <TextField path={['description']} label="Description" />
        <PairsField path={['labels']} label="Labels" names="key" />
      </Section>
      <Section title="Where it runs" field="target">
        <Where />
      </Section>
      <Section title="What is run" field="job">
        <Job />
      </Section>
      <Section title="Parameters">
        <PairsField
          path={['params']}
          label="Parameters and their values"
          hint={
            <>
              They reach the job as <code>SEGNO_PARAM_NAME</code>, and fill in{' '}
              <code>{'${{ params.name }}'}</code>.
            </>
          }
        />
      </Section>
      <Section title="If its server goes away" field="on_unavailable">
        <Policy />
      </Section>
      <Section title="If the job itself fails" field="retries">
        <div className={classes.row}>
          <WholeField path={['retries', 'max']} label="Further attempts" max={100} />
          <TextField path={['retries', 'backoff']} label="Time before the first" placeholder="30s" />
          <ChoiceField
            path={['retries', 'from']}
            label="From"
            placeholder="start"
            options={[
              { value: 'start', label: 'the beginning' },
              { value: 'checkpoint', label: 'the last checkpoint' },
            ]}
          />
        </div>
      </Section>
      <Section title="Limits">
        <div className={classes.row}>
          <TextField
            path={['timeout']}
            label="Longest time of an attempt"
            placeholder="no limit"
            hint="such as 1h30m"
          />
          <TextField
            path={['stop_grace']}
            label="Time to end by itself"
            placeholder="10s"
            hint="between SIGTERM and SIGKILL"
          />
          <WholeField path={['priority']} label="Priority" min={-1000} max={1000} hint="higher goes first" />
        </div>
        <div className={classes.row}>
          <WholeField path={['resources', 'cpu']} label="Cores" hint="empty: learnt from runs" />
          <TextField
            path={['resources', 'memory']}
            label="Memory"
            placeholder="512MiB"
            hint="empty: learnt from runs"
          />
          <WholeField path={['resources', 'slots']} label="Slots" min={1} />
        </div>
        <div className={classes.row}>
          <WholeField
            path={['max_concurrent']}
            label="Runs at once"
            min={1}
            hint="empty: as many as there are"
          />
          <ChoiceField
            path={['when_busy']}
            label="When that many run"
            placeholder="queue"
            options={[
              { value: 'queue', label: 'wait' },
              { value: 'skip', label: 'skip the new one' },
              { value: 'replace', label: 'replace the oldest' },
            ]}
          />
          <TextField path={['output_limit']} label="Output kept" placeholder="64MiB" />
        </div>
      </Section>
    </div>
  );
}

function Section({ title, field, children }: { title: string; field?: string; children: ReactNode }) {
  const { errors } = useContext(Form);
  const error = field === undefined ? undefined : errors.get(field);
  return (
    <section className={classes.section} aria-label={title}>
      <h3>{title}</h3>
      {error && (
        <Text size="sm" c="var(--tone-bad)" role="alert">
          {error}
        </Text>
      )}
      <Stack gap="sm">{children}</Stack>
    </section>
  );
}

function Where() {
  const { spec, setAt, readOnly } = useContext(Form);
  const groups = useQuery(virtualServers).data ?? [];
  const hosts = useQuery(servers).data ?? [];
  const bound = at(spec, ['target', 'server']) !== undefined;
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label="Kind of target"
        readOnly={readOnly}
        value={bound ? 'server' : 'virtual_server'}
        data={[
          { value: 'virtual_server', label: 'best of a virtual server' },
          { value: 'server', label: 'one job server' },
        ]}
        onChange={(kind) => setAt(['target'], { [kind]: '' })}
      />
      {bound ? (
        <ChoiceField path={['target', 'server']} label="Job server" options={hosts.map((s) => s.name)} />
      ) : (
        <ChoiceField
          path={['target', 'virtual_server']}
          label="Virtual server"
          options={groups.map((g) => g.name)}
        />
      )}
      <PairsField path={['requires']} label="Labels that a server must have" names="key" />
    </>
  );
}

const blank: Record<string, Json> = {
  command: ['true'],
  script: { interpreter: ['/bin/sh'], text: '' },
  steps: [{ name: 'first', command: ['true'] }],
};

function Job() {
  const { spec, setAt, readOnly } = useContext(Form);
  const kind = Object.keys(blank).find((k) => at(spec, ['job', k]) !== undefined) ?? '';
  const env = at(spec, ['job', 'env']);
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label="Kind of job"
        readOnly={readOnly}
        value={kind}
        data={[
          { value: 'script', label: 'script' },
          { value: 'command', label: 'command' },
          { value: 'steps', label: 'steps' },
        ]}
        onChange={(next) =>
          setAt(['job'], { [next]: blank[next] ?? null, ...(env === undefined ? {} : { env }) })
        }
      />
      {kind === 'command' && (
        <LinesField
          path={['job', 'command']}
          label="Command"
          hint="One argument a line. No shell is between."
        />
      )}
      {kind === 'script' && (
        <>
          <LinesField
            path={['job', 'script', 'interpreter']}
            label="Interpreter"
            hint="One argument a line; by default /bin/sh."
          />
          <TextArea path={['job', 'script', 'text']} label="Script" code />
        </>
      )}
      {kind === 'steps' && <Steps />}
      {kind === '' && (
        <Text size="sm">This job is of a kind that the form does not know. Change it in the YAML.</Text>
      )}
      <PairsField path={['job', 'env']} label="Environment" />
    </>
  );
}

function Steps() {
  const { spec, setAt, readOnly } = useContext(Form);
  const steps = at(spec, ['job', 'steps']);
  const many = Array.isArray(steps) ? steps.length : 0;
  return (
    <>
      <Text size="xs" c="dimmed">
        A checkpoint is made after each step that ended well; the files that it names are kept with it.
      </Text>
      {Array.from({ length: many }, (_, i) => (
        <div key={i} className={classes.step}>
          <Group justify="space-between">
            <Text size="sm" fw={500}>
              Step {i + 1}
            </Text>
            {!readOnly && many > 1 && (
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                leftSection={<IconTrash size={13} />}
                onClick={() => setAt(['job', 'steps', i], undefined)}
              >
                Remove
              </Button>
            )}
          </Group>
          <TextField path={['job', 'steps', i, 'name']} label="Name" required />
          <LinesField path={['job', 'steps', i, 'command']} label="Command" hint="One argument a line." />
          <LinesField path={['job', 'steps', i, 'keep']} label="Files to keep" hint="Patterns, one a line." />
        </div>
      ))}
      {!readOnly && (
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconPlus size={14} />}
          onClick={() => setAt(['job', 'steps', many], { name: '', command: ['true'] })}
        >
          Add a step
        </Button>
      )}
    </>
  );
}

function Policy() {
  const { spec } = useContext(Form);
  const settings = policyOf(spec);
  const ladder = Array.isArray(settings.policy);
  return (
    <>
      <div className={classes.row}>
        {ladder ? (
          <Text size="sm">A ladder of steps: change it in the YAML.</Text>
        ) : (
          <ChoiceField
            path={['on_unavailable']}
            label="Policy"
            placeholder="as the virtual server says"
            options={[...policyKinds]}
          />
        )}
        <TextField
          path={['unavailable_after']}
          label="Unavailable after"
          placeholder="as the server says"
          hint="5s to 720h of silence"
        />
      </div>
      {settings.policy === 'reset' && (
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

/** Reads of a document what happens to its runs when their server goes away. */
export function policyOf(spec: Parameters<typeof at>[0]): PolicySettings {
  const policy = at(spec, ['on_unavailable']);
  const word = policyKinds.find((kind) => kind === policy);
  const after = at(spec, ['unavailable_after']);
  return {
    policy:
      word ??
      (Array.isArray(policy)
        ? (policy as unknown as Exclude<PolicySettings['policy'], string | null>)
        : null),
    unavailableAfter: typeof after === 'string' && after !== '' ? after : null,
    leaveRunning: at(spec, ['leave_running']) === true,
    grouped: at(spec, ['target', 'server']) === undefined,
  };
}
