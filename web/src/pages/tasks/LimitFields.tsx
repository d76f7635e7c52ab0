import { useQuery } from '@tanstack/react-query';

import { AtOnceFields, WaitFields } from '../../components/document/AtOnceFields';
import { ChoiceField, ManyField, SwitchField, TextField, WholeField } from '../../components/document/fields';
import { zones } from '../../components/zones';
import { concurrencyGroups } from '../../data/limits';
import classes from './Editor.module.css';

/** What becomes of a run whose job fails by itself. */
export function FailureFields() {
  return (
    <>
      <div className={classes.row}>
        <WholeField path={['retries', 'max']} label="Further attempts" max={100} />
        <TextField
          path={['retries', 'backoff']}
          label="Time before the first"
          placeholder="none"
          hint="such as 30s; it doubles each time"
        />
        <ChoiceField
          path={['retries', 'from']}
          label="From"
          placeholder="the beginning"
          options={[
            { value: 'start', label: 'the beginning' },
            { value: 'checkpoint', label: 'the last checkpoint' },
          ]}
        />
      </div>
      <SwitchField
        path={['pause_on_error']}
        label="Pause its triggers once a run has failed"
        hint="A run that failed, timed out or was lost pauses them until somebody resumes them."
      />
    </>
  );
}

/** What one attempt may take, and what it needs of a server. */
export function AttemptFields() {
  return (
    <>
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
        <TextField path={['output_limit']} label="Output kept" placeholder="64MiB" hint="of one attempt" />
      </div>
      <div className={classes.row}>
        <WholeField path={['resources', 'cpu']} label="Cores" hint="empty: learnt from runs" />
        <TextField
          path={['resources', 'memory']}
          label="Memory"
          placeholder="512MiB"
          hint="empty: learnt from runs"
        />
        <WholeField path={['resources', 'slots']} label="Slots" min={1} hint="empty: one" />
      </div>
    </>
  );
}

/** How many runs there are at once, and what becomes of those that wait. */
export function QueueFields() {
  const groups = useQuery(concurrencyGroups).data ?? [];
  return (
    <>
      <div className={classes.row}>
        <AtOnceFields />
        <WholeField path={['priority']} label="Priority" min={-1000} max={1000} hint="higher goes first" />
      </div>
      <ManyField
        path={['concurrency_groups']}
        label="Concurrency groups"
        hint="Limits that it shares with other tasks: each run counts in all of them."
        placeholder="none"
        options={groups.map((group) => group.name)}
      />
      <div className={classes.row}>
        <WaitFields />
      </div>
    </>
  );
}

/** By when runs are expected to begin and to end. One that is late is told of; nothing else happens to it. */
export function LateFields() {
  return (
    <>
      <div className={classes.row}>
        <TextField
          path={['expect', 'start_within']}
          label="Begins within"
          hint="of when it is due, such as 10m"
        />
        <TextField
          path={['expect', 'finish_within']}
          label="Ends within"
          hint="of when it is due, such as 2h"
        />
      </div>
      <div className={classes.row}>
        <TextField path={['expect', 'start_by']} label="Begins by" placeholder="06:00" />
        <TextField path={['expect', 'finish_by']} label="Ends by" placeholder="06:00" />
        <ChoiceField
          path={['expect', 'timezone']}
          label="On the clock of"
          placeholder="UTC"
          options={[...zones]}
        />
      </div>
    </>
  );
}

/** How many of its runs are kept, and for how long. */
export function RetentionFields() {
  return (
    <div className={classes.row}>
      <WholeField path={['retention', 'runs']} label="Newest runs" hint="0: all of them" />
      <TextField path={['retention', 'age']} label="For" placeholder="as set for all" hint="such as 720h" />
      <TextField
        path={['retention', 'log_age']}
        label="Their output for"
        placeholder="as set for all"
        hint="0s: as long as the run"
      />
      <TextField
        path={['retention', 'checkpoint_age']}
        label="Their checkpoints for"
        placeholder="as set for all"
        hint="0s: as long as the run"
      />
    </div>
  );
}
