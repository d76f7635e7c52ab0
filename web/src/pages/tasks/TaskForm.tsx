import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useContext } from 'react';

import { at } from '../../components/document/document';
import { ChoiceField, Form, PairsField, TextField } from '../../components/document/fields';
import { servers } from '../../data/servers';
import { virtualServers } from '../../data/virtualServers';
import classes from './Editor.module.css';
import { JobFields } from './JobFields';
import { AttemptFields, FailureFields, LateFields, QueueFields, RetentionFields } from './LimitFields';
import { PolicyFields } from './PolicyFields';
import { Section } from './Section';

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
        <JobFields />
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
        <PolicyFields />
      </Section>
      <Section title="If the job itself fails" field="retries">
        <FailureFields />
      </Section>
      <Section title="What an attempt takes">
        <AttemptFields />
      </Section>
      <Section title="How many at once">
        <QueueFields />
      </Section>
      <Section title="When a run is late" field="expect">
        <LateFields />
      </Section>
      <Section title="How long its runs are kept" field="retention">
        <RetentionFields />
      </Section>
    </div>
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
